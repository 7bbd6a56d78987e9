#include "agent/backup/aside.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

#include "base/async/loop_condition.hpp"

namespace klaw::backup {

struct Aside::Job {
    explicit Job(Loop& loop) : changed(loop) {}
    LoopCondition changed;
    bool ended = false;
    std::exception_ptr failure;
    std::thread thread;
};

Aside::~Aside() {
    for (auto& job : jobs_)
        if (job->thread.joinable()) job->thread.join();
}

Task<void> Aside::start(std::function<void()> work) {
    auto job = std::make_shared<Job>(loop_);
    jobs_.push_back(job);
    // The thread refers to the job by its address: the last owner must be on the loop thread.
    job->thread = std::thread([this, work = std::move(work), raw = job.get()] {
        try {
            work();
        } catch (...) {
            raw->failure = std::current_exception();
        }
        loop_.post([this, raw] {
            raw->thread.join();
            raw->ended = true;
            raw->changed.notify();
            jobs_.remove_if([raw](const std::shared_ptr<Job>& each) { return each.get() == raw; });
        });
    });
    auto ended = [job] { return job->ended; };
    co_await job->changed.until(ended);
    if (job->failure) std::rethrow_exception(job->failure);
}

Task<void> nextTurn() {
    auto executor = co_await boost::asio::this_coro::executor;
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
}

}  // namespace klaw::backup
