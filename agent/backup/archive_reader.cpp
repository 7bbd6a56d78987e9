#include "agent/backup/archive_reader.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/backup/archive_bytes.hpp"
#include "agent/backup/digester.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::backup {
namespace {

using Json = nlohmann::json;

/// Far above what etcd takes.
constexpr std::size_t longestLine = 32u << 20;
constexpr std::string_view ownPrefix = R"({"klaw":")";

tl::unexpected<Error> damaged(const char* what) {
    return fail(ErrorCode::DataLoss, std::string("the archive is damaged: ") + what, {},
                "nothing of it is used; take another archive");
}

Result<ArchiveHeader> headerOf(const Json& json) {
    if (textAt(json, "klaw") != "backup") return damaged("it does not begin as one");
    if (integerAt(json, "version") != archiveVersion)
        return fail(ErrorCode::Unsupported, "the archive has a newer format", {}, "take a newer version of Klaw");
    auto startedAt = parseRfc3339(textAt(json, "startedAt"));
    if (!startedAt) return damaged("it does not say when it was made");
    return ArchiveHeader{
        textAt(json, "backup"),      textAt(json, "cluster"),        textAt(json, "serverVersion"), *startedAt,
        textsAt(json, "namespaces"), flagAt(json, "secrets", false), textAt(json, "program")};
}

bool isPlainName(const std::string& text, std::string_view more) {
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || more.find(c) != more.npos;
    });
}

}  // namespace

struct ArchiveReader::Impl {
    ArchiveBytes bytes;
    ArchiveSummary summary;
    Digester lines;
    std::string waiting;
    std::size_t from = 0;
    std::vector<bool> counted;  ///< by list
    std::optional<ArchivedList> open;
    bool begun = false, ended = false, wholeFile = false;

    Impl(std::shared_ptr<const LocalFile> file, std::optional<FileKey> key) : bytes(std::move(file), std::move(key)) {}

    /// nullopt at the end of the file.
    Result<std::optional<std::string>> line() {
        for (std::size_t searched = from;;) {
            auto end = waiting.find('\n', searched);
            if (end != std::string::npos) {
                auto text = waiting.substr(from, end - from);
                from = end + 1;
                return std::optional(std::move(text));
            }
            searched = waiting.size() - from;
            waiting.erase(0, std::exchange(from, 0));
            if (waiting.size() > longestLine) return damaged("a line is too long");
            auto more = bytes.more();
            if (!more) return fail(std::move(more).error());
            if (more->empty()) {
                wholeFile = true;
                if (!waiting.empty()) return damaged("its last line is not whole");
                return std::optional<std::string>();
            }
            waiting += *more;
        }
    }

    Result<void> begin(const Json& json) {
        auto header = headerOf(json);
        if (!header) return fail(std::move(header).error());
        summary.header = std::move(*header);
        begun = true;
        return {};
    }

    Result<void> beginList(const Json& json) {
        if (open) return damaged("a list is not ended");
        ArchivedList list;
        list.kind = {textAt(json, "apiVersion"), textAt(json, "kind"), textAt(json, "resource"),
                     flagAt(json, "namespaced", false)};
        list.ns = textAt(json, "namespace");
        bool sound = isPlainName(list.kind.apiVersion, "./-") && isPlainName(list.kind.kind, "") &&
                     isPlainName(list.kind.plural, "-.");
        if (!sound) return damaged("a list of no kind");
        open = std::move(list);
        counted.push_back(false);
        return {};
    }

    Result<void> endList(const Json& json) {
        if (!open || integerAt(json, "objects") != static_cast<std::int64_t>(open->objects))
            return damaged("a list has another number of objects than it says");
        open->resourceVersion = textAt(json, "resourceVersion");
        open->leftOut = static_cast<std::uint64_t>(integerAt(json, "leftOut").value_or(0));
        bool inOrder = summary.lists.empty() || restoreRank(summary.lists.back().kind) <= restoreRank(open->kind);
        if (!inOrder) return damaged("its lists are in no order to restore them");
        summary.objects += open->objects;
        summary.lists.push_back(std::move(*open));
        open.reset();
        counted.back() = true;
        return {};
    }

    Result<void> end(const Json& json, const std::string& digestBefore) {
        summary.missing = textsAt(json, "missing");
        bool fits = !open && textAt(json, "sha256") == digestBefore &&
                    integerAt(json, "lists") == static_cast<std::int64_t>(summary.lists.size()) &&
                    integerAt(json, "objects") == static_cast<std::int64_t>(summary.objects);
        if (!fits) return damaged("its last line does not fit to what is before it");
        ended = true;
        return {};
    }

    /// What is no object.
    Result<void> own(const std::string& text, const std::string& digestBefore) {
        auto json = parsedJson<Json>(text);
        auto what = textAt(json, "klaw");
        if (!begun) return begin(json);
        if (what == "list") return beginList(json);
        if (what == "listed") return endList(json);
        if (what == "end") return end(json, digestBefore);
        if (what != "discarded" || !open) return damaged("a line of it means nothing");
        open.reset();
        return {};
    }

    Result<void> finish() {
        if (!ended) return damaged("its end is missing");
        summary.encrypted = bytes.encrypted();
        summary.digest = bytes.digest();
        summary.bytes = bytes.size();
        return {};
    }
};

ArchiveReader::ArchiveReader(std::shared_ptr<const LocalFile> file, std::optional<FileKey> key)
    : impl_(new Impl(std::move(file), std::move(key))) {}
ArchiveReader::~ArchiveReader() = default;

Result<std::optional<ArchiveReader::Object>> ArchiveReader::next() {
    for (;;) {
        auto line = impl_->line();
        if (!line) return fail(std::move(line).error());
        if (!*line) {
            if (auto whole = impl_->finish(); !whole) return fail(std::move(whole).error());
            return std::optional<Object>();
        }
        if (impl_->ended) return damaged("something stands behind its end");
        auto& text = **line;
        bool isOwn = text.starts_with(ownPrefix);
        auto before = isOwn ? impl_->lines.hex() : std::string();
        impl_->lines.add(text);
        impl_->lines.add("\n");
        if (isOwn) {
            if (auto fine = impl_->own(text, before); !fine) return fail(std::move(fine).error());
            continue;
        }
        if (!impl_->open || !text.starts_with('{')) return damaged("an object that is of no list");
        ++impl_->open->objects;
        return std::optional(Object{impl_->counted.size() - 1, impl_->open->kind, std::move(text)});
    }
}

bool ArchiveReader::counts(std::size_t list) const {
    return list < impl_->counted.size() && impl_->counted[list];
}

const ArchiveSummary& ArchiveReader::summary() const {
    return impl_->summary;
}

Result<ArchiveSummary> verifyArchive(std::shared_ptr<const LocalFile> file, const std::string& passphrase) {
    auto key = keyOfArchive(*file, passphrase);
    if (!key) return fail(std::move(key).error());
    ArchiveReader reader(std::move(file), std::move(*key));
    for (;;) {
        auto object = reader.next();
        if (!object) return fail(std::move(object).error());
        if (!*object) return reader.summary();
    }
}

}  // namespace klaw::backup
