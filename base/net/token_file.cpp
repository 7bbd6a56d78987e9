#include "base/net/token_file.hpp"

#include <fstream>

namespace klaw::net {
namespace {

constexpr std::size_t maxTokenBytes = 64u << 10;

}  // namespace

Result<std::string> readTokenFile(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string token(maxTokenBytes, '\0');
    in.read(token.data(), static_cast<std::streamsize>(token.size()));
    token.resize(static_cast<std::size_t>(in.gcount()));
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    if (token.empty())
        return fail(ErrorCode::NotFound, "cannot read the token, or it is empty", file.string(),
                    "check the file and its permissions");
    return token;
}

}  // namespace klaw::net
