#include <map>
#include <unordered_map>

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
    }
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
    }

    std::unordered_map<std::string, Last> last_;
    std::uint64_t list_ = 0;
    std::optional<std::uint64_t> openList_;
    bool listed_ = false;
};

using Stream = std::pair<std::string, std::string>;  ///< cluster and resource

/// Visits the entries of all files with a number for each. An Error for a file that is broken.
Result<void> eachOf(const std::vector<std::filesystem::path>& files,
                    const std::function<Result<void>(const RecordingEntry&, std::uint64_t)>& visit) {
    std::uint64_t number = 0;
    for (const auto& file : files) {
        auto reader = RecordingReader::open(file);
        if (!reader) return fail(std::move(reader).error());
        for (;;) {
            auto entry = reader->next();
            if (!entry) return fail(std::move(entry).error());
            if (!*entry) break;
            if ((*entry)->event.size == 0) continue;
            if (auto visited = visit(**entry, ++number); !visited) return visited;
        }
    }
    return {};
}

class Fold {
public:
    explicit Fold(std::vector<std::filesystem::path> files) : files_(std::move(files)) {}

    Result<void> look() {
        return eachOf(files_, [this](const RecordingEntry& entry, std::uint64_t number) -> Result<void> {
            auto& remains = remains_[streamOf(entry)];
            if (entry.event.text() == listBeginsMark)
                remains.listBegins(number);
            else if (auto event = identities_.read(entry.event))
                remains.add(*event, number);
            return {};
        });
    }

    Result<void> write(RecordingWriter& into) {
        auto written = eachOf(files_, [&](const RecordingEntry& entry, std::uint64_t number) -> Result<void> {
            const auto& remains = remains_[streamOf(entry)];
            if (entry.event.text() == listBeginsMark) {
                if (!remains.isOpenList(number)) return {};
                if (remains.listed())
                    if (auto ended = put(into, entry, listEnd); !ended) return ended;
                return put(into, entry, listBeginsMark);
            }
            auto event = identities_.read(entry.event);
            if (!event || event->object.empty() || !remains.keeps(*event, number)) return {};
            return put(into, entry, entry.event.text());
        });
        if (!written) return written;
        for (const auto& [stream, remains] : remains_)
            if (!remains.listing())
                if (auto ended = into.event({}, stream.first, stream.second, listEnd); !ended) return ended;
        return into.close();
    }

private:
    static Stream streamOf(const RecordingEntry& entry) {
        return {std::string(entry.cluster), std::string(entry.resource)};
    }
    static Result<void> put(RecordingWriter& into, const RecordingEntry& entry, std::string_view event) {
        return into.event({}, entry.cluster, entry.resource, event);
    }

    std::vector<std::filesystem::path> files_;
    EventIdentityReader identities_;
    std::map<Stream, Remains> remains_;
};

}  // namespace

Result<void> foldHistory(const std::filesystem::path& directory, const HistoryFiles& files, TimePoint ends) {
    if (files.segments.empty()) return {};
    std::vector<std::filesystem::path> sources;
    if (files.base) sources.push_back(files.base->file);
    sources.push_back(files.segments.front().file);
    Fold fold(std::move(sources));
    if (auto looked = fold.look(); !looked) return looked;
    auto made = historyBase(directory);
    auto unfinished = made;
    unfinished += ".new";
    RecordingWriterOptions options;
    options.fast = true;
    auto writer = RecordingWriter::create(unfinished, {ends, {}}, options);
    if (!writer) return fail(std::move(writer).error());
    if (auto written = fold.write(*writer); !written) return written;
    std::error_code failed;
    std::filesystem::rename(unfinished, made, failed);
    if (failed) return fail(ErrorCode::Unavailable, "cannot replace the history: " + failed.message(), made.string());
    std::filesystem::remove(files.segments.front().file, failed);
    return {};
}

}  // namespace klaw::recording
