#pragma once

#include <functional>

#include "base/async/loop.hpp"
#include "base/async/task.hpp"
#include "base/result.hpp"
#include "storage/unit_of_work.hpp"
#include "storage/writer.hpp"

namespace klaw::deliver {

/// Makes a unit durable and calls back on the loop thread.
using Commit = std::function<void(storage::UnitOfWork unit, std::function<void(Result<storage::Committed>)> done)>;

/// The writer's own thread behind the loop. Both outlive what is returned.
Commit commitThrough(storage::Writer& writer, Loop& loop);

/// Commits and waits. Cancelled like every wait; the unit is committed nevertheless.
Task<Result<storage::Committed>> committed(const Commit& commit, Loop& loop, storage::UnitOfWork unit);

}  // namespace klaw::deliver
