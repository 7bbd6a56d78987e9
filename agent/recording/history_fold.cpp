#include <spdlog/spdlog.h>

#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "agent/recording/event_identity.hpp"
#include "agent/recording/history.hpp"
#include "agent/recording/marks.hpp"
#include "agent/recording/recording_reader.hpp"
#include "agent/recording/recording_writer.hpp"

namespace klaw::recording {
namespace {

constexpr std::string_view listEnd =
    R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"0","annotations":{"k8s.io/initial-events-end":"true"}}}})";

/// What remains of the events of one resource: by their numbers, in the order in which they came.
class Remains {
public:
    void add(const EventIdentity& event, std::uint64_t number) {
        switch (event.type) {
            case EventIdentity::Type::Added:
            case EventIdentity::Type::Modified:
                last_[event.object] = {number, list_};
                break;
            case EventIdentity::Type::Deleted:
                last_.erase(event.object);
                break;
            case EventIdentity::Type::ListEnd:
                listEnds();
                break;
            case EventIdentity::Type::Other:
                break;
        }
    }
    void listBegins(std::uint64_t number) {
        ++list_;
        openList_ = number;
        lostBeforeList_ = std::exchange(lost_, false) || lostBeforeList_;
    }
    void lose() { lost_ = true; }
    /// Something was not kept, and no list has made up for it since.
    bool lost() const { return lost_ || lostBeforeList_; }
    bool keeps(const EventIdentity& event, std::uint64_t number) const {
        auto found = last_.find(event.object);
        return found != last_.end() && found->second.number == number;
    }
    /// The mark of a list that has not come to its end.
    bool isOpenList(std::uint64_t number) const { return openList_ == number; }
    bool listed() const { return listed_; }
    bool listing() const { return openList_.has_value(); }

private:
    struct Last {
        std::uint64_t number = 0;
        std::uint64_t list = 0;
    };

    void listEnds() {
        std::erase_if(last_, [this](const auto& object) { return object.second.list < list_; });
        openList_.reset();
        listed_ = true;
        lostBeforeList_ = false;
    }

    std::unordered_map<std::string, Last> last_;
    std::uint64_t list_ = 0;
    std::optional<std::uint64_t> openList_;
    bool listed_ = false;
    bool lost_ = false, lostBeforeList_ = false;
};

using Stream = std::pair<std::string, std::string>;  ///< cluster and resource

using Visit = std::function<Result<void>(const RecordingEntry&, std::uint64_t)>;

/// Visits the entries of a file up to its end or to where it is broken; false then.
Result<bool> eachOf(const std::filesystem::path& file, std::uint64_t& number, const Visit& visit) {
    auto broken = [](Error error) -> Result<bool> {
        if (error.code == ErrorCode::DataLoss) return false;
        return fail(std::move(error));  // it may be readable the next time
    };
    auto reader = RecordingReader::open(file);
    if (!reader) return broken(std::move(reader).error());
    for (;;) {
        auto entry = reader->next();
        if (!entry) return broken(std::move(entry).error());
        if (!*entry) return true;
        if ((*entry)->event.size == 0) continue;
        if (auto visited = visit(**entry, ++number); !visited) return fail(std::move(visited).error());
    }
}

constexpr Duration silence = 10min;

class Fold {
public:
    Fold(std::vector<std::filesystem::path> files, const std::atomic<bool>& stopping)
        : files_(std::move(files)), stopping_(stopping) {}

    Result<void> look() {
        std::uint64_t number = 0;
        for (const auto& file : files_) {
            std::set<Stream> seen;
            Duration lasts{};
            auto whole = eachOf(file, number, [&](const RecordingEntry& entry, std::uint64_t at) -> Result<void> {
                auto stream = streamOf(entry);
                look(entry, at, remains_[stream]);
                seen.insert(std::move(stream));
                lasts = std::max(lasts, entry.at);
                return goOn();
            });
            if (!whole) return fail(std::move(whole).error());
            last_ = number;
            // API servers send a bookmark every minute or so: what nothing comes of is watched no longer.
            if (*whole && file == files_.back() && lasts >= silence)
                std::erase_if(remains_, [&](const auto& each) { return !seen.contains(each.first); });
            if (*whole) continue;
            spdlog::error("a part of the history is broken and left out: {}", file.string());
            for (const auto& stream : seen) remains_[stream].lose();
        }
        return {};
    }

    Result<void> write(RecordingWriter& into) {
        std::uint64_t number = 0;
        for (const auto& file : files_) {
            auto written = eachOf(file, number, [&](const RecordingEntry& entry, std::uint64_t at) -> Result<void> {
                if (auto kept = keep(entry, at, into); !kept) return kept;
                return goOn();
            });
            if (!written) return fail(std::move(written).error());
        }
        if (number != last_) return fail(ErrorCode::Unavailable, "the history could not be read twice");
        for (const auto& [stream, remains] : remains_) {
            auto say = [&, &of = stream](std::string_view what) { return into.event({}, of.first, of.second, what); };
            if (!remains.listing())
                if (auto ended = say(listEnd); !ended) return ended;
            if (remains.lost())
                if (auto said = say(lostMark); !said) return said;
        }
        return into.close();
    }

private:
    static Stream streamOf(const RecordingEntry& entry) {
        return {std::string(entry.cluster), std::string(entry.resource)};
    }
    void look(const RecordingEntry& entry, std::uint64_t number, Remains& remains) {
        if (entry.event.text() == listBeginsMark)
            remains.listBegins(number);
        else if (entry.event.text() == lostMark)
            remains.lose();
        else if (auto event = identities_.read(entry.event))
            remains.add(*event, number);
    }
    Result<void> keep(const RecordingEntry& entry, std::uint64_t number, RecordingWriter& into) {
        auto found = remains_.find(streamOf(entry));
        if (found == remains_.end()) return {};
        const auto& remains = found->second;
        if (entry.event.text() == listBeginsMark) {
            if (!remains.isOpenList(number)) return {};
            if (remains.listed())
                if (auto ended = put(into, entry, listEnd); !ended) return ended;
            return put(into, entry, listBeginsMark);
        }
        auto event = identities_.read(entry.event);
        if (!event || event->object.empty() || !remains.keeps(*event, number)) return {};
        return put(into, entry, entry.event.text());
    }
    Result<void> goOn() const {
        if (stopping_) return fail(ErrorCode::Cancelled, "the history is being closed");
        return {};
    }
    static Result<void> put(RecordingWriter& into, const RecordingEntry& entry, std::string_view event) {
        return into.event({}, entry.cluster, entry.resource, event);
    }

    std::vector<std::filesystem::path> files_;
    const std::atomic<bool>& stopping_;
    std::uint64_t last_ = 0;  ///< number of the last entry
    EventIdentityReader identities_;
    std::map<Stream, Remains> remains_;
};

Result<void> writeFolded(std::vector<std::filesystem::path> sources, const std::filesystem::path& into, TimePoint ends,
                         const std::atomic<bool>& stopping) {
    Fold fold(std::move(sources), stopping);
    if (auto looked = fold.look(); !looked) return looked;
    RecordingWriterOptions options;
    options.fast = true;
    auto writer = RecordingWriter::create(into, {ends, {}}, options);
    if (!writer) return fail(std::move(writer).error());
    return fold.write(*writer);
}

}  // namespace

Result<void> foldHistory(const std::filesystem::path& directory, const HistoryFiles& files, TimePoint ends,
                         const std::atomic<bool>& stopping) {
    if (files.segments.empty()) return {};
    if (!files.trouble.empty()) return fail(ErrorCode::Unavailable, files.trouble);
    std::vector<std::filesystem::path> sources;
    if (files.base) sources.push_back(files.base->file);
    sources.push_back(files.segments.front().file);
    auto made = historyBase(directory);
    auto unfinished = made;
    unfinished += ".new";
    std::error_code failed;
    auto written = writeFolded(std::move(sources), unfinished, ends, stopping);
    if (written) std::filesystem::rename(unfinished, made, failed);
    if (failed)
        written = fail(ErrorCode::Unavailable, "cannot replace the history: " + failed.message(), made.string());
    std::filesystem::remove(written ? files.segments.front().file : unfinished, failed);
    return written;
}

}  // namespace klaw::recording
