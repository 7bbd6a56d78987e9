#pragma once

#include <functional>
#include <list>
#include <memory>

#include "base/async/loop.hpp"
#include "base/async/task.hpp"
#include "base/result.hpp"
#include "storage/unit_of_work.hpp"
#include "storage/writer.hpp"

namespace klaw::deliver {

/// Makes a unit durable and calls back on the loop thread.
using Commit = std::function<void(storage::UnitOfWork unit, std::function<void(Result<storage::Committed>)> done)>;

/// The writer's own thread behind the loop. While the writer cannot write, units still wait there, but whoever waits
/// for them is told to go on: people must hear of trouble also when the disk is full. On the loop thread.
class CommitGate {
public:
    /// Both outlive the gate, and the writer is stopped before the gate goes.
    CommitGate(storage::Writer& writer, Loop& loop) : writer_(writer), loop_(loop) {}
    void commit(storage::UnitOfWork unit, std::function<void(Result<storage::Committed>)> done);
    void setDegraded(bool degraded);

private:
    struct Waiting {
        std::function<void(Result<storage::Committed>)> done;
    };
    storage::Writer& writer_;
    Loop& loop_;
    std::list<std::shared_ptr<Waiting>> waiting_;
    bool degraded_ = false;
};

/// Commits and waits. Cancelled like every wait; the unit is committed nevertheless.
Task<Result<storage::Committed>> committed(Commit commit, Loop& loop, storage::UnitOfWork unit);

}  // namespace klaw::deliver
