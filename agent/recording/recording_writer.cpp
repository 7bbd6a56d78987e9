#include "agent/recording/recording_writer.hpp"

#include <fmt/format.h>

#include <optional>

#include "agent/recording/anonymizer.hpp"
#include "agent/recording/envelope.hpp"
#include "agent/recording/gzip_writer.hpp"
#include "agent/recording/json_text.hpp"
#include "base/random.hpp"

namespace klaw::recording {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t saltBytes = 16;
constexpr const char* lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

void removeSecretData(Json& object) {
    object.erase("data");
    object.erase("stringData");
    auto metadata = object.find("metadata");
    if (metadata == object.end() || !metadata->is_object()) return;
    auto annotations = metadata->find("annotations");
    if (annotations != metadata->end() && annotations->is_object()) annotations->erase(lastApplied);
}

/// The kind counts as well, whatever name the caller gave the resource. Its letters may be escaped in JSON, but no API
/// server does that.
bool mayBeSecret(std::string_view resource, std::string_view event) {
    return resource == "secrets" || event.find("\"Secret\"") != event.npos;
}

bool looksLikeObject(std::string_view text) {
    return text.size() > 1 && text.front() == '{' && text.back() == '}';
}

}  // namespace

struct RecordingWriter::Impl {
    Impl(std::unique_ptr<GzipWriter> writer, RecordingWriterOptions given)
        : file(std::move(writer)), options(std::move(given)) {
        if (!options.anonymize) return;
        if (options.anonymizeSalt.empty()) options.anonymizeSalt = SystemRandom().token(saltBytes);
        anonymizer.emplace(options.anonymizeSalt);
    }

    Result<void> line(std::string_view text) {
        if (auto written = file->write(text); !written) return written;
        if (auto written = file->write("\n"); !written) return written;
        pending += text.size() + 1;
        return pending < options.flushBytes ? Result<void>() : flush();
    }
    Result<void> flush() {
        pending = 0;
        return file->flush();
    }
    /// The event as it may be kept; nullopt when it is not JSON.
    std::optional<std::string> cleaned(std::string_view resource, std::string_view event);
    std::string prefix(Duration at, std::string_view cluster) const {
        return fmt::format(R"({{"t":{},"cluster":{})", static_cast<double>(at.count()) / 1e9, Json(cluster).dump());
    }

    std::unique_ptr<GzipWriter> file;
    RecordingWriterOptions options;
    std::optional<Anonymizer> anonymizer;
    std::size_t pending = 0;
};

RecordingWriter::RecordingWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RecordingWriter::~RecordingWriter() = default;
RecordingWriter::RecordingWriter(RecordingWriter&&) noexcept = default;
RecordingWriter& RecordingWriter::operator=(RecordingWriter&&) noexcept = default;

Result<RecordingWriter> RecordingWriter::create(const std::filesystem::path& file, const RecordingHeader& header,
                                                RecordingWriterOptions options) {
    auto writer = GzipWriter::create(file, options.gzip, options.fast);
    if (!writer) return fail(writer.error());
    auto impl = std::make_unique<Impl>(std::move(*writer), std::move(options));
    auto shown = header;
    if (impl->anonymizer) {
        shown.clusters.clear();
        for (const auto& [name, version] : header.clusters) shown.clusters[impl->anonymizer->text(name)] = version;
    }
    if (auto written = impl->line(formatHeader(shown)); !written) return fail(written.error());
    if (auto written = impl->flush(); !written) return fail(written.error());
    return RecordingWriter(std::move(impl));
}

std::optional<std::string> RecordingWriter::Impl::cleaned(std::string_view resource, std::string_view event) {
    auto json = parseJson(event);
    if (!json || !json->is_object()) return std::nullopt;
    auto object = json->find("object");
    if (object != json->end() && object->is_object()) {
        if (resource == "secrets" || stringAt(*object, "kind") == "Secret") removeSecretData(*object);
        if (anonymizer) anonymizer->object(*object);
    }
    return dumpJson(*json);
}

Result<void> RecordingWriter::event(Duration at, std::string_view cluster, std::string_view resource,
                                    std::string_view event) {
    auto& impl = *impl_;
    auto notAnObject = [] { return fail(ErrorCode::InvalidArgument, "a watch event that is no JSON object"); };
    if (!looksLikeObject(event)) return notAnObject();
    auto shownCluster = impl.anonymizer ? impl.anonymizer->text(cluster) : std::string(cluster);
    auto shownResource = impl.anonymizer ? impl.anonymizer->resource(resource) : std::string(resource);
    auto line = fmt::format(R"({},"resource":{},"event":)", impl.prefix(at, shownCluster), Json(shownResource).dump());
    // Line breaks are legal between the tokens of an event, but a recording has one line for each.
    bool asItCame = !mayBeSecret(resource, event) && !impl.anonymizer && event.find_first_of("\r\n") == event.npos;
    if (asItCame)
        line += event;
    else if (auto clean = impl.cleaned(resource, event))
        line += *clean;
    else
        return notAnObject();
    line += '}';
    return impl.line(line);
}

Result<void> RecordingWriter::scrape(Duration at, std::string_view cluster, std::string_view source,
                                     std::string_view body) {
    auto& impl = *impl_;
    auto parsed = parseJson(body);
    if (!parsed) return fail(ErrorCode::InvalidArgument, "a scrape that is not JSON");
    auto& json = *parsed;
    if (impl.anonymizer && json.is_object()) {
        impl.anonymizer->object(json);
    } else if (impl.anonymizer && json.is_string()) {
        json = impl.anonymizer->exposition(json.get<std::string>());
    }
    auto shownCluster = impl.anonymizer ? impl.anonymizer->text(cluster) : std::string(cluster);
    auto shownSource = impl.anonymizer ? impl.anonymizer->text(source) : std::string(source);
    Json scrape;
    scrape["source"] = shownSource;
    scrape["body"] = std::move(json);
    return impl.line(fmt::format(R"({},"scrape":{}}})", impl.prefix(at, shownCluster), dumpJson(scrape)));
}

Result<void> RecordingWriter::flush() {
    return impl_->flush();
}
Result<void> RecordingWriter::close() {
    return impl_->file->close();
}

}  // namespace klaw::recording
