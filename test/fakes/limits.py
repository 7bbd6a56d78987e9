"""What both platforms count: calls within a time, and calls of a month."""
import time
from collections import defaultdict, deque


class Rate:
    """At most `count` of one key within `seconds`."""

    def __init__(self, count, seconds=1):
        self.count, self.seconds = count, seconds
        self._times = defaultdict(deque)

    def take(self, key):
        now, times = time.monotonic(), self._times[key]
        while times and times[0] <= now - self.seconds:
            times.popleft()
        if len(times) >= self.count:
            return False
        times.append(now)
        return True

    def seconds_until_free(self, key):
        times = self._times[key]
        return max(0, times[0] + self.seconds - time.monotonic()) if times else 0


class Quota:
    """Calls that are left of the month."""

    def __init__(self, left):
        self.left = left

    def take(self):
        if self.left <= 0:
            return False
        self.left -= 1
        return True
