#include "agent/backup/archive_bytes.hpp"

#include <zlib.h>

#include <new>
#include <optional>

#include "agent/backup/archive.hpp"
#include "agent/backup/digester.hpp"
#include "agent/backup/encryption.hpp"

namespace klaw::backup {
namespace {

constexpr int gzipFormat = 15 + 16;
constexpr std::size_t outputChunk = 64u << 10;

tl::unexpected<Error> damaged(const char* what) {
    return fail(ErrorCode::DataLoss, std::string("the archive is damaged: ") + what, {},
                "nothing of it is used; take another archive");
}

/// What the file holds before its compression, some at a time; empty at the end.
class Contents {
public:
    Contents(std::shared_ptr<const LocalFile> file, std::optional<FileKey> key)
        : file_(std::move(file)), left_(file_->size()), key_(std::move(key)) {}

    Result<std::string> more() {
        if (offset_ == 0 && key_)
            if (auto known = begin(); !known) return fail(std::move(known).error());
        if (!decryptor_) return read(std::min<std::uint64_t>(left_, chunkBytes));
        if (left_ == 0) return ended_ ? Result<std::string>() : damaged("its end is missing");
        bool last = left_ <= chunkBytes + tagBytes;
        auto sealed = read(last ? left_ : chunkBytes + tagBytes);
        if (!sealed) return sealed;
        ended_ = last;
        return decryptor_->chunk(*sealed, last);
    }
    bool encrypted() const { return decryptor_.has_value(); }
    std::string digest() const { return digester_.hex(); }

private:
    Result<void> begin() {
        if (left_ < encryptionHeaderBytes + tagBytes) return damaged("it is not whole");
        auto header = read(encryptionHeaderBytes);
        if (!header) return fail(std::move(header).error());
        if (*header != key_->header) return damaged("it became another one while it was read");
        decryptor_.emplace(*key_);
        return {};
    }

    Result<std::string> read(std::uint64_t size) {
        std::string bytes(size, '\0');
        for (std::size_t got = 0; got < size;) {
            auto count = file_->readAt(offset_ + got, std::span(bytes).subspan(got));
            if (!count) return fail(std::move(count).error());
            if (*count == 0) return damaged("it became shorter while it was read");
            got += *count;
        }
        offset_ += size;
        left_ -= size;
        digester_.add(bytes);
        return bytes;
    }

    std::shared_ptr<const LocalFile> file_;
    std::uint64_t offset_ = 0, left_;
    std::optional<FileKey> key_;
    bool ended_ = false;
    std::optional<Decryptor> decryptor_;
    Digester digester_;
};

}  // namespace

struct ArchiveBytes::Impl {
    Contents contents;
    std::uint64_t size;
    z_stream stream{};
    std::string held;  ///< not decompressed yet: its end may be the seal
    Digester compressed;
    bool inflated = false, ended = false;

    Impl(std::shared_ptr<const LocalFile> file, std::optional<FileKey> key)
        : contents(file, std::move(key)), size(file->size()) {
        if (inflateInit2(&stream, gzipFormat) != Z_OK) throw std::bad_alloc();
    }
    ~Impl() { inflateEnd(&stream); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    Result<std::string> end() {
        ended = true;
        if (!inflated || held != sealOf(compressed.hex())) return damaged("its seal does not fit");
        return std::string();
    }

    Result<std::string> inflateSome(std::string_view packed) {
        compressed.add(packed);
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
        stream.avail_in = static_cast<uInt>(packed.size());
        std::string out;
        while (!inflated) {
            auto from = out.size();
            out.resize(from + outputChunk);
            stream.next_out = reinterpret_cast<Bytef*>(out.data() + from);
            stream.avail_out = static_cast<uInt>(outputChunk);
            auto status = inflate(&stream, Z_NO_FLUSH);
            out.resize(out.size() - stream.avail_out);
            inflated = status == Z_STREAM_END;
            if (status != Z_OK && status != Z_BUF_ERROR && !inflated) return damaged("it cannot be decompressed");
            if (stream.avail_out > 0 && stream.avail_in == 0) break;
            if (status == Z_BUF_ERROR && stream.avail_out > 0) return damaged("it cannot be decompressed");
        }
        if (stream.avail_in > 0) return damaged("something was added to it");
        return out;
    }
};

Result<std::optional<FileKey>> keyOfArchive(const LocalFile& file, const std::string& passphrase) {
    std::string begin(encryptionHeaderBytes, '\0');
    auto count = file.readAt(0, begin);
    if (!count) return fail(std::move(count).error());
    begin.resize(*count);
    if (!begin.starts_with(encryptedMagic)) return std::optional<FileKey>();
    if (passphrase.empty())
        return fail(ErrorCode::Unauthenticated, "the archive is encrypted", {},
                    "give its passphrase under `encryption` of the backup");
    auto key = fileKeyOf(begin, passphrase);
    if (!key) return fail(std::move(key).error());
    return std::optional(std::move(*key));
}

ArchiveBytes::ArchiveBytes(std::shared_ptr<const LocalFile> file, std::optional<FileKey> key)
    : impl_(new Impl(std::move(file), std::move(key))) {}
ArchiveBytes::~ArchiveBytes() = default;

Result<std::string> ArchiveBytes::more() {
    while (!impl_->ended) {
        auto some = impl_->contents.more();
        if (!some) return some;
        if (some->empty()) return impl_->end();
        impl_->held += *some;
        if (impl_->held.size() <= sealBytes) continue;
        auto packed = impl_->held.substr(0, impl_->held.size() - sealBytes);
        impl_->held.erase(0, packed.size());
        auto lines = impl_->inflateSome(packed);
        if (!lines || !lines->empty()) return lines;
    }
    return std::string();
}

bool ArchiveBytes::encrypted() const {
    return impl_->contents.encrypted();
}

std::string ArchiveBytes::digest() const {
    return impl_->contents.digest();
}

std::uint64_t ArchiveBytes::size() const {
    return impl_->size;
}

}  // namespace klaw::backup
