#include "agent/backup/directory_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agent/backup/archive.hpp"

namespace klaw::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view partialSuffix = ".partial";

Error failure(const char* what, const fs::path& path, int number) {
    auto code = number == ENOENT   ? ErrorCode::NotFound
                : number == ENOSPC ? ErrorCode::ResourceExhausted
                                   : ErrorCode::Unavailable;
    return Error(code, std::string("cannot ") + what + ": " + std::strerror(number), path.string());
}

Result<void> synced(int descriptor, const fs::path& path) {
    if (::fsync(descriptor) == 0) return {};
    return fail(failure("write to the disk", path, errno));
}

Result<void> syncDirectory(const fs::path& directory) {
    int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return fail(failure("open", directory, errno));
    auto done = synced(descriptor, directory);
    ::close(descriptor);
    return done;
}

/// The descriptor of a file that is being written, for whoever is the last to need it.
struct Descriptor {
    explicit Descriptor(int number) : value(number) {}
    ~Descriptor() { ::close(value); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int value;
};

/// Without a name: whoever can write to the directory cannot change what is verified before it is used.
Result<std::shared_ptr<const LocalFile>> copied(const fs::path& from, const fs::path& spool) {
    constexpr std::size_t piece = 1u << 20;
    auto file = LocalFile::open(from);
    if (!file) return file;
    std::error_code problem;
    fs::create_directories(spool, problem);
    auto copy = LocalFile::nameless(spool);
    if (!copy) return fail(std::move(copy).error());
    std::string buffer(piece, '\0');
    for (std::uint64_t offset = 0;;) {
        auto count = (*file)->readAt(offset, buffer);
        if (!count) return fail(std::move(count).error());
        if (*count == 0) return std::shared_ptr<const LocalFile>(std::move(*copy));
        if (auto kept = (*copy)->append(std::string_view(buffer).substr(0, *count)); !kept)
            return fail(std::move(kept).error());
        offset += *count;
    }
}

class FileUpload final : public Upload {
public:
    FileUpload(Aside& aside, std::shared_ptr<Descriptor> file, fs::path path)
        : aside_(aside),
          file_(std::move(file)),
          path_(std::move(path)),
          partial_(path_.string() + std::string(partialSuffix)) {}
    ~FileUpload() override {
        if (!done_) ::unlink(partial_.c_str());
    }

    Task<Result<void>> write(std::string bytes) override {
        std::string_view left = bytes;
        while (!left.empty()) {
            auto count = ::write(file_->value, left.data(), left.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) co_return fail(failure("write", partial_, errno));
            left.remove_prefix(static_cast<std::size_t>(count));
        }
        co_return Result<void>();
    }

    Task<Result<void>> commit() override {
        std::function<Result<void>()> finish = [file = file_, from = partial_, to = path_]() -> Result<void> {
            if (auto whole = synced(file->value, from); !whole) return whole;
            if (::rename(from.c_str(), to.c_str()) != 0) return fail(failure("rename", from, errno));
            return syncDirectory(to.parent_path());
        };
        auto finished = co_await aside_.run(std::move(finish));
        done_ = finished.has_value();
        co_return finished;
    }

    Task<void> abandon() override {
        if (!std::exchange(done_, true)) ::unlink(partial_.c_str());
        co_return;
    }

private:
    Aside& aside_;
    std::shared_ptr<Descriptor> file_;
    fs::path path_, partial_;
    bool done_ = false;
};

}  // namespace

DirectoryStore::DirectoryStore(Aside& aside, fs::path directory, fs::path spool)
    : aside_(aside), directory_(std::move(directory)), spool_(std::move(spool)), place_(directory_.string()) {}

Task<Result<std::unique_ptr<Upload>>> DirectoryStore::create(std::string name) {
    std::error_code problem;
    if (fs::create_directories(directory_, problem))
        fs::permissions(directory_, fs::perms::owner_all, fs::perm_options::replace, problem);
    auto path = directory_ / name;
    if (fs::exists(path, problem))
        co_return fail(ErrorCode::Conflict, "there is such an archive already", path.string());
    auto partial = path.string() + std::string(partialSuffix);
    int descriptor = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) co_return fail(failure("create", partial, errno));
    auto file = std::make_shared<Descriptor>(descriptor);
    co_return std::make_unique<FileUpload>(aside_, std::move(file), std::move(path));
}

Task<Result<std::vector<StoredFile>>> DirectoryStore::list(std::string prefix) {
    std::vector<StoredFile> files;
    std::error_code problem;
    for (fs::directory_iterator each(directory_, problem), end; !problem && each != end; each.increment(problem)) {
        auto name = each->path().filename().string();
        std::error_code gone;
        if (!name.starts_with(prefix) || name.ends_with(partialSuffix) || !each->is_regular_file(gone)) continue;
        auto bytes = each->file_size(gone);
        if (!gone) files.push_back({std::move(name), bytes});
    }
    if (problem && problem != std::errc::no_such_file_or_directory)
        co_return fail(failure("read", directory_, problem.value()));
    std::ranges::sort(files, {}, &StoredFile::name);
    co_return files;
}

Task<Result<std::shared_ptr<const LocalFile>>> DirectoryStore::fetch(std::string name) {
    std::function<Result<std::shared_ptr<const LocalFile>>()> copy = [from = directory_ / name, spool = spool_] {
        return copied(from, spool);
    };
    co_return co_await aside_.run(std::move(copy));
}

Task<Result<void>> DirectoryStore::remove(std::string name) {
    auto path = directory_ / name;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) co_return fail(failure("delete", path, errno));
    co_return Result<void>();
}

Task<Result<std::size_t>> DirectoryStore::clearLeftovers(std::string backup) {
    std::vector<fs::path> left;
    std::error_code problem;
    for (fs::directory_iterator each(directory_, problem), end; !problem && each != end; each.increment(problem)) {
        auto name = each->path().filename().string();
        if (!name.ends_with(partialSuffix)) continue;
        auto parsed = parseArchiveFileName(std::string_view(name).substr(0, name.size() - partialSuffix.size()));
        if (parsed && parsed->backup == backup) left.push_back(each->path());
    }
    for (const auto& path : left)
        if (::unlink(path.c_str()) != 0) co_return fail(failure("delete", path, errno));
    co_return left.size();
}

}  // namespace klaw::backup
