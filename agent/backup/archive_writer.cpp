#include "agent/backup/archive_writer.hpp"

#include <zlib.h>

#include <new>

#include "agent/backup/digester.hpp"

namespace klaw::backup {
namespace {

constexpr int gzipFormat = 15 + 16, memoryLevel = 8;
constexpr std::size_t outputChunk = 32u << 10;

/// One member of gzip, as it grows.
class Compressor {
public:
    Compressor() {
        if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzipFormat, memoryLevel, Z_DEFAULT_STRATEGY) !=
            Z_OK)
            throw std::bad_alloc();
    }
    ~Compressor() { deflateEnd(&stream_); }
    Compressor(const Compressor&) = delete;
    Compressor& operator=(const Compressor&) = delete;

    void write(std::string_view bytes, bool last, std::string& out) {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
        stream_.avail_in = static_cast<uInt>(bytes.size());
        do {
            auto from = out.size();
            out.resize(from + outputChunk);
            stream_.next_out = reinterpret_cast<Bytef*>(out.data() + from);
            stream_.avail_out = static_cast<uInt>(outputChunk);
            deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
            out.resize(out.size() - stream_.avail_out);
        } while (stream_.avail_out == 0);
    }

private:
    z_stream stream_{};
};

}  // namespace

struct ArchiveWriter::Impl {
    ArchiveSummary summary;
    std::optional<Encryptor> encryptor;
    Compressor compressor;
    Digester lines, compressed, file;
    ArchivedList list;
    std::string out;

    void line(std::string_view text) {
        bytes(text);
        bytes("\n");
    }
    void bytes(std::string_view text) {
        lines.add(text);
        deflated(text, false);
    }
    void deflated(std::string_view text, bool last) {
        std::string packed;
        compressor.write(text, last, packed);
        compressed.add(packed);
        put(packed);
    }
    void put(std::string_view packed) {
        auto from = out.size();
        if (encryptor)
            encryptor->write(packed, out);
        else
            out += packed;
        written(from);
    }
    void written(std::size_t from) {
        file.add(std::string_view(out).substr(from));
        summary.bytes += out.size() - from;
    }
};

ArchiveWriter::ArchiveWriter(ArchiveHeader header, std::optional<FileKey> key) : impl_(new Impl()) {
    impl_->summary.header = std::move(header);
    impl_->summary.encrypted = key.has_value();
    if (key) impl_->encryptor.emplace(std::move(*key));
    impl_->line(headerLine(impl_->summary.header));
}

ArchiveWriter::~ArchiveWriter() = default;

void ArchiveWriter::beginList(const Kind& kind, const std::string& ns) {
    impl_->list = {kind, ns, {}, 0, 0};
    impl_->line(listLine(kind, ns));
}

void ArchiveWriter::object(std::string_view json) {
    ++impl_->list.objects;
    impl_->line(json);
}

void ArchiveWriter::leaveOut() {
    ++impl_->list.leftOut;
}

void ArchiveWriter::endList(const std::string& resourceVersion) {
    impl_->list.resourceVersion = resourceVersion;
    impl_->line(listedLine(impl_->list));
    impl_->summary.objects += impl_->list.objects;
    impl_->summary.lists.push_back(std::move(impl_->list));
}

void ArchiveWriter::discardList() {
    impl_->line(discardedLine);
}

void ArchiveWriter::missing(std::string what) {
    impl_->summary.missing.push_back(std::move(what));
}

ArchiveSummary ArchiveWriter::finish() {
    auto& made = *impl_;
    auto digest = made.lines.hex();
    made.line(endLine(made.summary, digest));
    made.deflated({}, true);
    made.put(sealOf(made.compressed.hex()));
    if (made.encryptor) {
        auto from = made.out.size();
        made.encryptor->finish(made.out);
        made.written(from);
    }
    made.summary.digest = made.file.hex();
    return made.summary;
}

std::size_t ArchiveWriter::pending() const {
    return impl_->out.size();
}

std::string ArchiveWriter::take() {
    return std::exchange(impl_->out, {});
}

}  // namespace klaw::backup
