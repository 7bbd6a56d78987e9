#include "agent/backup/s3_store.hpp"

#include <algorithm>
#include <charconv>

#include "agent/backup/archive.hpp"
#include "agent/backup/aside.hpp"
#include "agent/backup/digester.hpp"
#include "base/percent.hpp"

namespace klaw::backup {
namespace {

/// All parts but the last have at least 5 MiB, and there are 10,000 of them at most.
constexpr std::size_t partBytes = 8u << 20;
constexpr std::size_t readBytes = 256u << 10;

class S3Upload final : public Upload {
public:
    S3Upload(std::shared_ptr<S3Client> client, std::string key) : client_(std::move(client)), key_(std::move(key)) {}

    Task<Result<void>> write(std::string bytes) override {
        std::string_view left = bytes;
        while (!left.empty()) {
            auto piece = left.substr(0, partBytes - part_.size());
            part_ += piece;
            digest_.add(piece);
            left.remove_prefix(piece.size());
            bool full = part_.size() == partBytes;
            if (!full) continue;
            auto sent = co_await sendPart();
            if (!sent) co_return sent;
        }
        co_return Result<void>();
    }

    Task<Result<void>> commit() override {
        if (id_.empty()) {
            auto hash = digest_.hex();
            std::string query;
            auto put = co_await client_->send("PUT", key_, std::move(query), std::move(part_), std::move(hash));
            if (!put) co_return fail(std::move(put).error());
            co_return Result<void>();
        }
        bool rest = !part_.empty();
        if (rest) {
            auto sent = co_await sendPart();
            if (!sent) co_return sent;
        }
        co_return co_await complete();
    }

    Task<void> abandon() override {
        if (id_.empty()) co_return;
        auto query = "uploadId=" + percentEncode(std::exchange(id_, {}));
        std::string none;
        co_await client_->send("DELETE", key_, std::move(query), std::move(none));
    }

private:
    Task<Result<void>> sendPart() {
        if (id_.empty()) {
            auto begun = co_await begin();
            if (!begun) co_return begun;
        }
        auto query = "partNumber=" + std::to_string(tags_.size() + 1) + "&uploadId=" + percentEncode(id_);
        auto hash = digest_.hex();
        auto sent = co_await client_->send("PUT", key_, std::move(query), std::move(part_), std::move(hash));
        if (!sent) co_return fail(std::move(sent).error());
        tags_.emplace_back(sent->headers.get("ETag").value_or(""));
        part_.clear();
        digest_ = Digester();
        co_return Result<void>();
    }

    Task<Result<void>> begin() {
        std::string query = "uploads=", none;
        auto begun = co_await client_->send("POST", key_, std::move(query), std::move(none));
        if (!begun) co_return fail(std::move(begun).error());
        id_ = xmlElement(begun->body, "UploadId");
        if (id_.empty())
            co_return fail(ErrorCode::Unavailable, "the object store begins no upload", client_->place().endpoint);
        co_return Result<void>();
    }

    /// The answer may be an error although its status is good. Whether one that was lost was done, the object says.
    Task<Result<void>> complete() {
        std::string body = "<CompleteMultipartUpload>";
        for (std::size_t i = 0; i < tags_.size(); ++i)
            body += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>" + tags_[i] + "</ETag></Part>";
        body += "</CompleteMultipartUpload>";
        auto query = "uploadId=" + percentEncode(id_);
        auto done = co_await client_->send("POST", key_, std::move(query), std::move(body));
        bool good = done && xmlElement(done->body, "Code").empty();
        if (!good) {
            std::string none, all;
            auto there = co_await client_->send("HEAD", key_, std::move(none), std::move(all));
            good = there.has_value();
        }
        if (good) {
            id_.clear();
            co_return Result<void>();
        }
        if (!done) co_return fail(std::move(done).error());
        co_return fail(ErrorCode::Unavailable,
                       "the object store did not put the parts together: " + xmlElement(done->body, "Message"),
                       client_->place().endpoint);
    }

    std::shared_ptr<S3Client> client_;
    std::string key_, id_, part_;
    Digester digest_;
    std::vector<std::string> tags_;
};

std::uint64_t numberOf(const std::string& text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace

S3Store::S3Store(Loop& loop, LoopClock& clock, S3Place place, S3Credentials credentials, std::filesystem::path spool)
    : client_(std::make_shared<S3Client>(loop, clock, std::move(place), std::move(credentials))),
      spool_(std::move(spool)),
      shown_("s3://" + client_->place().bucket + "/" + client_->place().prefix) {}

Task<Result<std::unique_ptr<Upload>>> S3Store::create(std::string name) {
    co_return std::make_unique<S3Upload>(client_, client_->place().prefix + name);
}

Task<Result<std::vector<StoredFile>>> S3Store::list(std::string prefix) {
    std::vector<StoredFile> files;
    const auto& before = client_->place().prefix;
    std::string token;
    do {
        auto query = (token.empty() ? "" : "continuation-token=" + percentEncode(token) + "&") +
                     "list-type=2&prefix=" + percentEncode(before + prefix);
        std::string bucket, none;
        auto page = co_await client_->send("GET", std::move(bucket), std::move(query), std::move(none));
        if (!page) co_return fail(std::move(page).error());
        for (const auto& entry : xmlElements(page->body, "Contents")) {
            auto key = xmlElement(entry, "Key");
            bool own = key.starts_with(before) && key.find('/', before.size()) == std::string::npos;
            if (own) files.push_back({key.substr(before.size()), numberOf(xmlElement(entry, "Size"))});
        }
        token = xmlElement(page->body, "IsTruncated") == "true" ? xmlElement(page->body, "NextContinuationToken") : "";
    } while (!token.empty());
    std::ranges::sort(files, {}, &StoredFile::name);
    co_return files;
}

Task<Result<std::shared_ptr<const LocalFile>>> S3Store::fetch(std::string name) {
    std::error_code ignored;
    std::filesystem::create_directories(spool_, ignored);
    auto file = LocalFile::nameless(spool_);
    if (!file) co_return fail(std::move(file).error());
    auto key = client_->place().prefix + name;
    auto stream = co_await client_->open(std::move(key));
    if (!stream) co_return fail(std::move(stream).error());
    std::string buffer(readBytes, '\0');
    for (;;) {
        auto count = co_await (*stream)->readSome(buffer);
        if (!count) co_return fail(std::move(count).error());
        if (*count == 0) co_return std::shared_ptr<const LocalFile>(std::move(*file));
        auto kept = (*file)->append(std::string_view(buffer).substr(0, *count));
        if (!kept) co_return fail(std::move(kept).error());
    }
}

Task<Result<void>> S3Store::remove(std::string name) {
    auto key = client_->place().prefix + name;
    std::string query, none;
    auto done = co_await client_->send("DELETE", std::move(key), std::move(query), std::move(none));
    if (!done && done.error().code != ErrorCode::NotFound) co_return fail(std::move(done).error());
    co_return Result<void>();
}

Task<Result<std::size_t>> S3Store::clearLeftovers(std::string backup) {
    const auto& before = client_->place().prefix;
    auto wanted = before + backup + "-";
    auto query = "prefix=" + percentEncode(wanted) + "&uploads=";
    std::string bucket, none;
    auto open = co_await client_->send("GET", std::move(bucket), std::move(query), std::move(none));
    if (!open) co_return fail(std::move(open).error());
    std::size_t count = 0;
    for (const auto& upload : xmlElements(open->body, "Upload")) {
        auto key = xmlElement(upload, "Key");
        auto name = key.starts_with(before) ? parseArchiveFileName(key.substr(before.size())) : std::nullopt;
        bool own = name && name->backup == backup;
        if (!own) continue;
        auto which = "uploadId=" + percentEncode(xmlElement(upload, "UploadId"));
        std::string nothing;
        auto gone = co_await client_->send("DELETE", std::move(key), std::move(which), std::move(nothing));
        if (!gone && gone.error().code != ErrorCode::NotFound) co_return fail(std::move(gone).error());
        ++count;
    }
    co_return count;
}

}  // namespace klaw::backup
