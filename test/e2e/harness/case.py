"""The base of the tests: a directory, a receiver and agents of its own for each, all gone when it ends."""
import re
import shutil
import unittest
import uuid

from harness import cluster as clusters
from harness.agent import Agent
from harness.paths import WORK
from harness.receiver import Receiver
from harness.waiting import eventually


class EndToEndTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.cluster = clusters.shared()
        name = re.sub(r"[^A-Za-z0-9_]+", "-", ".".join(self.id().split(".")[-2:]))
        self.directory = WORK / "tests" / name
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)

    def agent(self, rules="", clusters=None, receiver=None, name="agent", **options):
        agent = Agent(self.directory / name, clusters or {"main": self.cluster.kubeconfig}, receiver or self.receiver,
                      rules, **options)
        self.addCleanup(agent.end)
        return agent

    def namespace(self, prefix="e2e", cluster=None):
        namespace = (cluster or self.cluster).namespace(f"{prefix}-{uuid.uuid4().hex[:6]}")
        self.addCleanup(namespace.remove)
        return namespace

    def await_card(self, status="firing", seconds=30, receiver=None, **wanted):
        """The one card that matches; more than one is a failure."""
        receiver = receiver or self.receiver
        found = eventually(lambda: receiver.cards(status=status, **wanted), seconds,
                           lambda: f"a card {status} {wanted}, have "
                                   f"{[(c['status'], c['footer'].get('rule'), c.get('subtitle')) for c in receiver.cards()]}")
        self.assertEqual(len(found), 1, found)
        return found[0]

    def assert_nothing_repeated(self, receiver=None):
        receiver = receiver or self.receiver
        self.assertEqual(receiver.duplicates(), [])
        self.assertEqual(receiver.refused(), [])
