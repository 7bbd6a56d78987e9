"""Rules for tests. The default pack waits for minutes before it speaks, so that people are not bothered by what mends
itself; here its rules stay as they are save for that."""

# What is made by test/cluster/trouble → the default rule that must tell of it.
RULE_OF = {
    "unschedulable": "PodUnschedulable",
    "image-pull": "ImagePullFailing",
    "crash-loop": "PodCrashLooping",
    "oom-kill": "PodOOMKilled",
    "node-silent": "NodeNotReady",
    "job-failed": "JobFailed",
    "rollout-stuck": "DeploymentRolloutStuck",
    "claim-pending": "PersistentVolumeClaimPending",
}

# Of `for`, where the default rule has one.
SHORTENED = [rule for trouble, rule in RULE_OF.items() if trouble not in ("oom-kill", "job-failed", "rollout-stuck")]


def impatient(**waits):
    """The rules of RULE_OF with a short `for`, and others with that of their own: PodPending="5s"."""
    return "group: impatient\nrules:\n" + "".join(
        f"  - alert: {rule}\n    override: true\n    for: {wait}\n"
        for rule, wait in {**dict.fromkeys(SHORTENED, "1s"), **waits}.items())


# Fires the moment that it is seen, for tests in which that moment matters.
UNSCHEDULABLE = """group: e2e
rules:
  - alert: E2EUnschedulable
    resource: pods
    when: object.status.conditions.exists(c, c.type == "PodScheduled" && c.status == "False" && c.reason == "Unschedulable")
    severity: warning
    title: {en: "${object.metadata.name} cannot be scheduled", zh: "${object.metadata.name} 无法调度"}
"""

# One card for each object that a Warning Event of the load tool is about.
EVENTS = """group: e2e
rules:
  - alert: E2EEvent
    event: {type: Warning, reason: E2ELoad}
    threshold: ">= 1 in 10m"
    per: [involvedObject]
    severity: info
    title: {en: "${event.involvedObject.name}: ${event.message}", zh: "${event.involvedObject.name}: ${event.message}"}
"""
