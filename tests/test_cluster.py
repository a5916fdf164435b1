"""Who the workers are: TF_CONFIG, Slurm, and what is refused."""

import json

import pytest
import tensorflow as tf
from helpers import command, write_pictures

from dcgan.cluster import EXAMPLE, expand_counts, expand_nodes, find_cluster
from dcgan.errors import InputError

TWO = ["a:1", "b:2"]


def tf_config(cluster, role="worker", index=0):
    task = {"type": role, "index": index}
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}


def test_workers_come_in_the_order_of_tf_config():
    assert find_cluster(tf_config({"worker": TWO}, index=1)) == (("a:1", "b:2"), 1)


def test_a_chief_of_its_own_comes_first():
    """As in a TFJob with the replica types Chief and Worker."""
    cluster = {"worker": TWO, "chief": ["c:3"]}
    assert find_cluster(tf_config(cluster, "chief")) == (("c:3", "a:1", "b:2"), 0)
    assert find_cluster(tf_config(cluster, index=1)).number == 2
    assert find_cluster(tf_config(cluster, index=1)).name(0) == "the chief (c:3)"


def test_the_example_of_the_message_is_right():
    assert len(find_cluster({"TF_CONFIG": EXAMPLE}).addresses) == 2


def slurm_of(nodes, tasks, number):
    names = ("STEP_NODELIST", "STEP_TASKS_PER_NODE", "PROCID")
    values = zip(names, (nodes, tasks, str(number)))
    return {f"SLURM_{name}": value for name, value in values}


@pytest.mark.parametrize(
    "environment, reason",
    [
        ({}, "is not set"),
        ({"TF_CONFIG": "{'cluster'"}, "is no JSON"),
        ({"TF_CONFIG": "[]"}, "does not say who is who"),
        ({"TF_CONFIG": '{"cluster": {"worker": 3}, "task": {}}'}, "who is who"),
        (tf_config({"worker": TWO, "ps": ["c:3"]}), "has the role ps"),
        (tf_config({"worker": TWO}, "evaluator"), "has the role evaluator"),
        (tf_config({"worker": TWO}, index=2), "not in the cluster"),
        (tf_config({"worker": TWO}, index="0"), "not in the cluster"),
        (tf_config({"worker": TWO}, index=True), "not in the cluster"),
        (tf_config({"worker": ["a", "b:1"]}), "an address that is no host:port"),
        (tf_config({"worker": ["a:1", "::1:2"]}), "no host:port. Received: ::1:2"),
        (tf_config({"worker": ["a..b:1", "b:1"]}), "no host:port. Received: a..b:1"),
        (tf_config({"worker": ["a:1", "a:1"]}), "an address twice"),
        ({"TF_CONFIG": "[" * 99_999}, "is no JSON"),
        (tf_config({"worker": [], "chief": TWO}, "chief"), "several chiefs"),
        ({"SLURM_STEP_NODELIST": "n[1-2]"}, "makes no sense"),
        (slurm_of("a,b", "", 0), "makes no sense"),
        (slurm_of("a,a", "1(x2)", 0), "Slurm's environment has an address twice"),
    ],
)
def test_what_makes_no_sense_is_refused(environment, reason):
    with pytest.raises(InputError, match=reason) as error:
        find_cluster(environment)
    assert "Allowed: TF_CONFIG such as" in str(error.value)


@pytest.mark.parametrize(
    "nodes, tasks, number",
    [("n[01-03],o2", "2(x3),1", 5), ("gpu[7,9]", "1(x2)", 0), ("a", "3", 2)],
)
def test_slurm_is_read_as_tensorflow_reads_it(nodes, tasks, number, monkeypatch):
    environment = slurm_of(nodes, tasks, number)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", str(sum(expand_counts(tasks))))
    most = max(expand_counts(tasks))
    resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
        gpus_per_node=most, auto_set_gpu=False
    )
    expected = resolver.cluster_spec().as_dict()["worker"]
    assert find_cluster(environment) == (tuple(expected), number)
    assert resolver.get_task_info() == ("worker", number)


def test_an_address_of_ipv6_stands_in_brackets():
    found = find_cluster(tf_config({"worker": ["[::1]:2222", "[fe80::1]:2222"]}))
    assert found.addresses == ("[::1]:2222", "[fe80::1]:2222")


def test_slurm_nodes_keep_their_order():
    """Where TensorFlow's resolver sorts n10 before n9, and mixes up who is who."""
    found = find_cluster(slurm_of("n[9-10]", "1(x2)", 0))
    assert found.addresses == ("n9:8888", "n10:8888")
    assert expand_nodes("a[1-2,05],b") == ["a1", "a2", "a05", "b"]
    assert expand_nodes("n[9-10]-ib") == ["n9-ib", "n10-ib"]
    assert expand_nodes("r[0-1]n[2-3]") == ["r0n2", "r0n3", "r1n2", "r1n3"]


def test_the_command_refuses_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{")
    data, runs = write_pictures(tmp_path / "pictures"), tmp_path / "runs"
    flags = ["--distribute", "multiworker", "--data", data, "--runs", runs]
    done = command("train", *flags)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: distribute: multiworker cannot tell")
    assert not runs.exists()
