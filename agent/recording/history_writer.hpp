#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "agent/recording/watch_tee.hpp"
#include "base/clock.hpp"

namespace klaw::recording {

struct HistoryOptions {
    std::filesystem::path directory;
    Duration keep = 24h;
    std::uint64_t maxBytes = 2ull << 30;   ///< on disk; the objects of the beginning are kept whatever they take
    std::size_t queueBytes = 64ull << 20;  ///< what waits for the disk; more than that is lost, and counted
};

struct HistoryStatus {
    std::uint64_t bytes = 0;       ///< on disk
    std::uint64_t lostEvents = 0;  ///< since the start
    std::string trouble;           ///< why nothing is written; empty: it is
};

/// Keeps what streams receive for some hours (history.hpp). Whoever tells it never waits: a thread of its own
/// compresses and writes, another makes the oldest segments into the base.
class HistoryWriter final : public Received {
public:
    /// Makes the directory (mode 0700) where it is missing. The clock outlives this; it is asked by whoever calls.
    static Result<std::unique_ptr<HistoryWriter>> open(HistoryOptions options, const Clock& clock);
    ~HistoryWriter() override;  ///< writes what waits

    void event(std::string_view cluster, std::string_view resource, std::string_view event) override;
    void page(std::string_view cluster, std::string_view resource, std::string_view body) override;
    /// From any thread.
    HistoryStatus status() const;

private:
    struct Impl;
    explicit HistoryWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw::recording
