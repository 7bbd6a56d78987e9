"""Messages that overtake one another, and what happened in which order."""
import asyncio


class Reorder:
    """Holds the next `count` back and lets the last of them go first."""

    def __init__(self):
        self.count = 0
        self._held = []

    async def turn(self):
        if not self.count:
            return
        mine = asyncio.get_running_loop().create_future()
        self._held.append(mine)
        if len(self._held) == self.count:
            self.count, held, self._held = 0, self._held, []
            for each in reversed(held):
                each.set_result(None)
        await mine


class Transcript:
    """Kinds of calls and frames as they came and went, without ids and times."""

    def __init__(self):
        self.lines = []

    def note(self, line):
        self.lines.append(line)
