#include "base/async/task_group.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <list>

#include "base/async/loop_condition.hpp"

namespace klaw {

namespace asio = boost::asio;

struct TaskGroup::Impl {
    struct Node {
        std::string name;
        asio::cancellation_signal signal;
    };

    Impl(Loop& l, std::function<void(std::string, std::string)> report)
        : loop(l), onFailure(std::move(report)), ended(l) {}

    void finish(const std::shared_ptr<Node>& node, const std::exception_ptr& error) {
        nodes.remove(node);
        if (error) record(node->name, error);
        ended.notify();
    }

    void record(const std::string& name, const std::exception_ptr& error) {
        try {
            std::rethrow_exception(error);
        } catch (const boost::system::system_error& e) {
            if (stopping && e.code() == asio::error::operation_aborted) return;
            onFailure(name, e.what());
        } catch (const std::exception& e) {
            onFailure(name, e.what());
        } catch (...) {
            onFailure(name, "an exception of an unknown type");
        }
    }

    void cancelAll() {
        stopping = true;
        auto tasks = nodes;  // emitting may end tasks and so change the list
        for (auto& node : tasks) node->signal.emit(asio::cancellation_type::terminal);
    }

    Loop& loop;
    std::function<void(std::string, std::string)> onFailure;
    LoopCondition ended;
    std::list<std::shared_ptr<Node>> nodes;
    bool stopping = false;
};

TaskGroup::TaskGroup(Loop& loop, std::function<void(std::string, std::string)> onFailure)
    : impl_(std::make_shared<Impl>(loop, std::move(onFailure))) {}

TaskGroup::~TaskGroup() {
    if (impl_->nodes.empty()) return;
    for (const auto& node : impl_->nodes) spdlog::warn("task '{}' outlives its group and is cancelled", node->name);
    // Whatever the report touches belongs to the owner, which is going away as well.
    impl_->onFailure = [](const std::string& name, const std::string& what) {
        spdlog::error("task '{}' failed after its group was gone: {}", name, what);
    };
    // Beside the loop Asio would keep a bare pointer to the signal of a task that may end before it is emitted.
    impl_->stopping = true;
    if (impl_->loop.isCurrent())
        impl_->cancelAll();
    else
        impl_->loop.post([impl = impl_] { impl->cancelAll(); });
}

bool TaskGroup::spawn(std::string name, Task<void> task) {
    if (impl_->stopping) return false;
    auto node = std::make_shared<Impl::Node>();
    node->name = std::move(name);
    impl_->nodes.push_back(node);
    auto done = [impl = impl_, node](std::exception_ptr error) { impl->finish(node, error); };
    asio::co_spawn(impl_->loop.executor(), std::move(task),
                   asio::bind_cancellation_slot(node->signal.slot(), std::move(done)));
    return true;
}

Task<void> TaskGroup::stop() {
    auto impl = impl_;
    impl->cancelAll();
    std::function<bool()> allEnded = [impl] { return impl->nodes.empty(); };
    co_await impl->ended.until(std::move(allEnded));
}

std::vector<std::string> TaskGroup::running() const {
    std::vector<std::string> names;
    for (const auto& node : impl_->nodes) names.push_back(node->name);
    return names;
}

bool TaskGroup::empty() const {
    return impl_->nodes.empty();
}

}  // namespace klaw
