#include "agent/app/kept_inputs.hpp"

#include <algorithm>

namespace klaw::app {
namespace {

constexpr Duration longest = 30min;
constexpr std::size_t mostBytes = 16u << 20;

}  // namespace

std::size_t KeptInputs::Kept::bytes() const {
    auto sum = attachment.size();
    for (const auto& word : arguments) sum += word.size();
    return sum;
}

std::string KeptInputs::keep(const operate::CommandLine& line, TimePoint now) {
    constexpr std::size_t tokenBytes = 12;
    std::erase_if(kept_, [&](const Kept& kept) { return kept.until <= now; });
    kept_.push_back({random_.token(tokenBytes), now + longest, line.arguments, line.attachment});
    std::size_t bytes = 0;
    for (const auto& kept : kept_) bytes += kept.bytes();
    for (; bytes > mostBytes && kept_.size() > 1; kept_.pop_front()) bytes -= kept_.front().bytes();
    return kept_.back().token;
}

void KeptInputs::keepUntil(std::string_view token, TimePoint until) {
    auto known = std::ranges::find(kept_, token, &Kept::token);
    if (known != kept_.end()) known->until = std::max(known->until, until);
}

Result<void> KeptInputs::putInto(operate::CommandLine& line, TimePoint now) {
    auto token = line.option("kept");
    if (!token) return {};
    auto known = std::ranges::find(kept_, *token, &Kept::token);
    if (known == kept_.end() || known->until <= now)
        return fail(ErrorCode::Expired, "what was to be written is not kept any more", {},
                    "nothing was done; send the whole command again");
    line.arguments = known->arguments;
    line.attachment = known->attachment;
    return {};
}

}  // namespace klaw::app
