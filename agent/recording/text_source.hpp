#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/kube/watch_handler.hpp"
#include "base/result.hpp"

namespace klaw::recording {

/// Plain or gzip-compressed text (also several gzip members in a row) in constant memory, handed out piece by piece.
class TextSource {
public:
    static Result<TextSource> file(const std::filesystem::path& path);
    static TextSource bytes(std::string bytes, std::string name);
    ~TextSource();
    TextSource(TextSource&&) noexcept;
    TextSource& operator=(TextSource&&) noexcept;

    /// The next line without its end, with padding behind it; nullopt at the end of the text. A last line without a
    /// line end counts; lastLineOpen() tells.
    Result<std::optional<kube::PaddedText>> line();
    /// The next JSON object, which may go over several lines; text between objects is skipped when it is white space,
    /// else an Error. nullopt at the end; an object cut off by the end is left out.
    Result<std::optional<kube::PaddedText>> document();
    /// Puts the line that was read last back.
    void unread();

    const std::string& name() const;
    std::size_t lineNumber() const;  ///< of the beginning of what was handed out last, from 1
    bool lastLineOpen() const;       ///< the last line had no line end
    bool truncated() const;          ///< the gzip stream or the last document was cut off

private:
    struct Impl;
    explicit TextSource(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw::recording
