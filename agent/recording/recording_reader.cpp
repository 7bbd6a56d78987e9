#include "agent/recording/recording_reader.hpp"

#include <fmt/format.h>

#include "agent/recording/envelope.hpp"
#include "agent/recording/json_text.hpp"
#include "agent/recording/resource_name.hpp"
#include "agent/recording/text_source.hpp"

namespace klaw::recording {
namespace {

constexpr const char* kubectlCluster = "kubectl";

bool isBlank(std::string_view line) {
    return line.find_first_not_of(" \t\r") == line.npos;
}

}  // namespace

struct RecordingReader::Impl {
    explicit Impl(TextSource text) : source(std::move(text)) {}

    Result<void> begin();
    Result<std::optional<RecordingEntry>> recorded();
    Result<std::optional<RecordingEntry>> watched();
    Error placed(Error error) const {
        error.place = place();
        return error;
    }
    std::string place() const { return fmt::format("{}:{}", source.name(), source.lineNumber()); }

    TextSource source;
    RecordingHeader header;
    bool fromKubectl = false;
    bool cut = false;
    std::string names[2];
};

RecordingReader::RecordingReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RecordingReader::~RecordingReader() = default;
RecordingReader::RecordingReader(RecordingReader&&) noexcept = default;
RecordingReader& RecordingReader::operator=(RecordingReader&&) noexcept = default;

Result<RecordingReader> RecordingReader::open(const std::filesystem::path& file) {
    auto source = TextSource::file(file);
    if (!source) return fail(source.error());
    auto impl = std::make_unique<Impl>(std::move(*source));
    if (auto begun = impl->begin(); !begun) return fail(begun.error());
    return RecordingReader(std::move(impl));
}

Result<RecordingReader> RecordingReader::fromBytes(std::string bytes, std::string name) {
    auto impl = std::make_unique<Impl>(TextSource::bytes(std::move(bytes), std::move(name)));
    if (auto begun = impl->begin(); !begun) return fail(begun.error());
    return RecordingReader(std::move(impl));
}

Result<void> RecordingReader::Impl::begin() {
    auto line = source.line();
    if (!line) return fail(line.error());
    if (!*line) return fail(placed(Error(ErrorCode::DataLoss, "the recording is empty")));
    auto text = (*line)->text();
    if (looksLikeHeader(text)) {
        auto parsed = parseHeader(text);
        if (!parsed) return fail(placed(parsed.error()));
        header = std::move(*parsed);
        return {};
    }
    if (!text.starts_with("{")) {
        return fail(placed(Error(ErrorCode::DataLoss, "neither a recording nor watch events", {},
                                 "the first line of a recording begins with {\"klaw\":\"recording\"")));
    }
    fromKubectl = true;
    header.clusters[kubectlCluster] = "";
    source.unread();
    return {};
}

Result<std::optional<RecordingEntry>> RecordingReader::Impl::recorded() {
    while (true) {
        auto line = source.line();
        if (!line) return fail(line.error());
        if (!*line) return std::nullopt;
        if (isBlank((*line)->text())) continue;
        auto entry = parseEnvelope(**line, names);
        // What a killed recorder has begun may look like an end.
        bool torn = entry && source.lastLineOpen() && entry->event.size > 0 && !parseJson(entry->event.text());
        if (entry && !torn) return std::optional(*entry);
        if (!source.lastLineOpen()) return fail(placed(entry.error()));
        cut = true;  // the recorder was killed while it wrote this line
    }
}

Result<std::optional<RecordingEntry>> RecordingReader::Impl::watched() {
    auto document = source.document();
    if (!document) return fail(document.error());
    if (!*document) return std::nullopt;
    auto json = parseJson((*document)->text());
    if (!json) return fail(placed(Error(ErrorCode::DataLoss, "malformed JSON")));
    static const nlohmann::ordered_json none;
    const auto& object = json->is_object() && json->contains("object") ? (*json)["object"] : none;
    auto kind = stringAt(object, "kind");
    if (stringAt(*json, "type").empty() || kind.empty()) {
        return fail(placed(Error(ErrorCode::DataLoss, "not a watch event: no type, or an object without kind", {},
                                 "record with: kubectl get … --watch --output-watch-events -o json")));
    }
    names[1] = resourceOf(kind, stringAt(object, "apiVersion"));
    RecordingEntry entry;
    entry.cluster = kubectlCluster;
    entry.resource = names[1];
    entry.event = **document;
    return std::optional(entry);
}

Result<std::optional<RecordingEntry>> RecordingReader::next() {
    return impl_->fromKubectl ? impl_->watched() : impl_->recorded();
}

const RecordingHeader& RecordingReader::header() const {
    return impl_->header;
}
bool RecordingReader::truncated() const {
    return impl_->cut || impl_->source.truncated();
}
std::size_t RecordingReader::lineNumber() const {
    return impl_->source.lineNumber();
}
std::string RecordingReader::place() const {
    return impl_->place();
}

}  // namespace klaw::recording
