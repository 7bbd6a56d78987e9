#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/kube/watch_handler.hpp"
#include "agent/observe/resource_observer.hpp"
#include "base/async/loop_condition.hpp"

namespace klaw::share {

/// One resource as other replicas may read it: the projected objects of an observer, and the latest changes as lines of
/// a watch. It stands between a stream and its observer, whose changes it must be told of.
///
/// Versions are those of the API server, so that whoever has read from somewhere else goes on here where they were.
/// On the loop thread.
class ServedResource final : public kube::WatchHandler {
public:
    static constexpr std::size_t mostKeptBytes = 512u << 10;

    /// `isWell`: whether the stream has all of it and goes on.
    ServedResource(Loop& loop, observe::ResourceObserver& observer, std::string fields, std::function<bool()> isWell,
                   std::size_t mostKept = mostKeptBytes);

    void listBegins() override;
    Result<kube::PageOutcome> page(kube::PaddedText body) override { return observer_.page(body); }
    Result<kube::LineOutcome> line(kube::PaddedText line) override;
    void listEnds(std::string_view resourceVersion) override;

    /// What the observer tells while it is fed.
    void changed(const rules::Change& change);
    /// What is kept of each object is something else from now on: readers must begin anew.
    /// `areMore`: not all of them are known before the next list.
    void setFields(std::string fields, bool areMore = false);
    const std::string& fields() const { return fields_; }
    /// isWell() may say something else than before.
    void noteState() { changed_.notify(); }
    /// Nothing is served any more, and neither the observer nor isWell() is looked at for readers again.
    void close();

    /// Nothing is missing, and a reader may begin.
    bool isWhole() const { return open_ && !listing_ && version_ && isWell_(); }
    std::uint64_t version() const { return version_.value_or(0); }
    /// What followed an older version than this is not known any more.
    std::uint64_t forgotten() const { return forgotten_; }
    /// Another one: what was read before cannot be continued.
    std::uint64_t generation() const { return generation_; }
    /// All objects as lines that say ADDED, and the bookmark that ends them, in pieces of some 64 KiB.
    std::vector<std::string> initialEvents() const;
    /// What has changed after `version`, which is moved to the last of it; empty: nothing.
    std::string changesAfter(std::uint64_t& version) const;
    bool hasChangesAfter(std::uint64_t version) const { return !lines_.empty() && lines_.back().version > version; }
    std::string bookmark(bool endsInitialEvents = false) const;
    LoopCondition& whenChanged() { return changed_; }

private:
    struct Line {
        std::uint64_t version = 0;
        std::string text;
    };
    struct Told {
        rules::Change::Type type;
        PackedObject object;
    };
    void keep(const std::string& resourceVersion);
    void beginAnew();

    observe::ResourceObserver& observer_;
    std::string fields_;
    std::function<bool()> isWell_;
    std::size_t mostKept_;
    LoopCondition changed_;
    std::vector<Told> told_;  ///< by the line in hand, whose version is not known yet
    std::deque<Line> lines_;
    std::size_t bytes_ = 0;
    std::optional<std::uint64_t> version_;  ///< nullopt: none, or none that can be compared
    std::uint64_t forgotten_ = 0;
    std::uint64_t generation_ = 0;
    bool listing_ = false;
    bool open_ = true;
};

/// Of a Kubernetes API server; nullopt for what is no number.
std::optional<std::uint64_t> versionNumber(std::string_view text);

}  // namespace klaw::share
