#include "agent/recording/text_source.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace klaw::recording {
namespace {

constexpr std::size_t padding = 64;
constexpr std::size_t chunk = 256u << 10;
constexpr std::size_t largestPiece = 512u << 20;

/// zlib's name for "gzip or zlib, found out from the header".
constexpr int detectFormat = 15 + 32;

class Inflater {
public:
    Inflater() { valid_ = inflateInit2(&stream_, detectFormat) == Z_OK; }
    ~Inflater() {
        if (valid_) inflateEnd(&stream_);
    }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    z_stream& stream() { return stream_; }
    bool valid() const { return valid_; }

private:
    z_stream stream_{};
    bool valid_ = false;
};

}  // namespace

struct TextSource::Impl {
    struct Close {
        void operator()(std::FILE* open) const { std::fclose(open); }
    };

    Result<void> more();
    Result<void> refill();
    Result<std::size_t> inflateSome();
    std::size_t copySome();
    char* room();
    kube::PaddedText piece(std::size_t begin, std::size_t size) {
        return {buffer.data() + begin, size, buffer.size() - begin};
    }
    Error broken(std::string what) const {
        return Error(ErrorCode::DataLoss, std::move(what), fmt::format("{}:{}", name, line));
    }

    std::string name;
    std::unique_ptr<std::FILE, Close> file;
    std::string input;  ///< compressed or plain bytes not used yet, from `used`
    std::size_t used = 0;
    bool inputEnded = false;
    bool begun = false;
    bool gzip = false;
    bool memberOpen = false;
    Inflater inflater;

    std::vector<char> buffer;  ///< text; [at, end) is not handed out yet, padding behind
    std::size_t at = 0, end = 0;
    std::size_t before = 0;  ///< where the piece handed out last began
    bool ended = false;
    bool truncated = false;
    bool lastLineOpen = false;
    std::size_t line = 1, nextLine = 1;
};

TextSource::TextSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TextSource::~TextSource() = default;
TextSource::TextSource(TextSource&&) noexcept = default;
TextSource& TextSource::operator=(TextSource&&) noexcept = default;

const std::string& TextSource::name() const {
    return impl_->name;
}
std::size_t TextSource::lineNumber() const {
    return impl_->line;
}
bool TextSource::lastLineOpen() const {
    return impl_->lastLineOpen;
}
bool TextSource::truncated() const {
    return impl_->truncated;
}

Result<TextSource> TextSource::file(const std::filesystem::path& path) {
    auto impl = std::make_unique<Impl>();
    impl->name = path.string();
    impl->file.reset(std::fopen(path.c_str(), "rb"));
    if (!impl->file) {
        auto code = errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Unavailable;
        return fail(code, fmt::format("cannot open the recording: {}", std::strerror(errno)), path.string());
    }
    return TextSource(std::move(impl));
}

TextSource TextSource::bytes(std::string bytes, std::string name) {
    auto impl = std::make_unique<Impl>();
    impl->name = std::move(name);
    impl->input = std::move(bytes);
    impl->inputEnded = true;
    return TextSource(std::move(impl));
}

Result<void> TextSource::Impl::refill() {
    if (used < input.size() || inputEnded) return {};
    input.resize(chunk);
    used = 0;
    auto size = std::fread(input.data(), 1, input.size(), file.get());
    input.resize(size);
    if (size > 0) return {};
    if (std::ferror(file.get())) return fail(ErrorCode::Unavailable, "cannot read the recording", name);
    inputEnded = true;
    return {};
}

/// Space for one chunk of text behind `end`, with what was handed out removed when that avoids growing.
char* TextSource::Impl::room() {
    if (at > 0 && end + chunk + padding > buffer.size()) {
        std::memmove(buffer.data(), buffer.data() + at, end - at);
        end -= at;
        before -= std::min(before, at);
        at = 0;
    }
    if (end + chunk + padding > buffer.size()) buffer.resize(std::max(end + chunk + padding, buffer.size() * 2));
    return buffer.data() + end;
}

/// Appends some text; `ended` when there is none left.
Result<void> TextSource::Impl::more() {
    if (end - at > largestPiece) return fail(broken("a line above 512 MiB"));
    if (auto read = refill(); !read) return read;
    if (!begun && input.size() >= 2) {
        begun = true;
        gzip = input[0] == '\x1f' && input[1] == '\x8b';
        if (gzip && !inflater.valid()) return fail(ErrorCode::Internal, "zlib cannot be initialised");
    }
    if (used == input.size()) {
        ended = true;
        truncated = truncated || memberOpen;
        return {};
    }
    if (!gzip) {
        end += copySome();
        return {};
    }
    auto size = inflateSome();
    if (!size) return fail(size.error());
    end += *size;
    return {};
}

std::size_t TextSource::Impl::copySome() {
    auto* into = room();
    auto size = std::min(chunk, input.size() - used);
    std::memcpy(into, input.data() + used, size);
    used += size;
    return size;
}

Result<std::size_t> TextSource::Impl::inflateSome() {
    auto& stream = inflater.stream();
    stream.next_out = reinterpret_cast<Bytef*>(room());
    stream.avail_out = static_cast<uInt>(chunk);
    stream.next_in = reinterpret_cast<Bytef*>(input.data() + used);
    stream.avail_in = static_cast<uInt>(std::min<std::size_t>(input.size() - used, 1u << 30));
    auto given = stream.avail_in;
    int status = inflate(&stream, Z_NO_FLUSH);
    used += given - stream.avail_in;
    memberOpen = status != Z_STREAM_END;
    if (status == Z_STREAM_END)
        inflateReset(&stream);
    else if (status != Z_OK && status != Z_BUF_ERROR) {
        return fail(broken(fmt::format("damaged gzip data: {}", stream.msg ? stream.msg : "unknown")));
    }
    return chunk - stream.avail_out;
}

Result<std::optional<kube::PaddedText>> TextSource::line() {
    auto& s = *impl_;
    s.line = s.nextLine;
    std::size_t searched = 0;
    while (true) {
        const char* begin = s.buffer.data() + s.at;
        const auto* found =
            s.end - s.at == searched
                ? nullptr
                : static_cast<const char*>(std::memchr(begin + searched, '\n', s.end - s.at - searched));
        if (found) {
            auto size = static_cast<std::size_t>(found - begin);
            s.before = s.at;
            s.at += size + 1;
            s.nextLine = s.line + 1;
            return s.piece(s.before, size);
        }
        searched = s.end - s.at;
        if (s.ended) break;
        if (auto read = s.more(); !read) return fail(read.error());
    }
    if (s.at == s.end) return std::nullopt;
    s.lastLineOpen = true;
    s.before = std::exchange(s.at, s.end);
    return s.piece(s.before, s.end - s.before);
}

void TextSource::unread() {
    impl_->at = impl_->before;
    impl_->nextLine = impl_->line;
}

Result<std::optional<kube::PaddedText>> TextSource::document() {
    auto& s = *impl_;
    s.line = s.nextLine;
    std::size_t scanned = 0;  // from s.at
    std::size_t begin = 0;
    int depth = 0;
    bool inString = false, escaped = false;
    while (true) {
        for (; s.at + scanned < s.end; ++scanned) {
            char c = s.buffer[s.at + scanned];
            if (c == '\n') ++s.nextLine;
            if (inString) {
                inString = escaped || c != '"';
                escaped = !escaped && c == '\\';
            } else if (c == '"') {
                inString = true;
            } else if (c == '{' || c == '[') {
                if (depth++ == 0) begin = scanned, s.line = s.nextLine;
            } else if ((c == '}' || c == ']') && --depth == 0) {
                s.before = s.at + begin;
                s.at += scanned + 1;
                return s.piece(s.before, s.at - s.before);
            }
            if (depth <= 0 && std::strchr(" \t\r\n", c) == nullptr) {
                s.line = s.nextLine;
                return fail(s.broken("text that is no JSON object"));
            }
        }
        if (s.ended) break;
        if (auto read = s.more(); !read) return fail(read.error());
    }
    s.truncated = s.truncated || depth > 0;
    s.at = s.end;
    return std::nullopt;
}

}  // namespace klaw::recording
