#include "base/text/line_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace klaw {
namespace {

constexpr std::size_t context = 3;
constexpr std::size_t maxCells = 16u << 20;  // of the table of common lines

using Lines = std::vector<std::string_view>;

Lines linesOf(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        auto end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

struct Edit {
    char sign;  ///< ' ', '-' or '+'
    std::string_view line;
};

/// The longest common subsequence of the lines between the common beginning and end.
class Common {
public:
    Common(const Lines& a, const Lines& b) : a_(a), b_(b), width_(b.size() + 1) {
        if ((a.size() + 1) * width_ > maxCells) return;
        lengths_.assign((a.size() + 1) * width_, 0);
        for (auto i = a.size(); i-- > 0;)
            for (auto j = b.size(); j-- > 0;)
                at(i, j) = a[i] == b[j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
    }

    void appendTo(std::vector<Edit>& edits) {
        std::size_t i = 0, j = 0;
        while (!lengths_.empty() && i < a_.size() && j < b_.size()) {
            if (a_[i] == b_[j]) {
                edits.push_back({' ', a_[i++]});
                ++j;
            } else if (at(i + 1, j) >= at(i, j + 1)) {
                edits.push_back({'-', a_[i++]});
            } else {
                edits.push_back({'+', b_[j++]});
            }
        }
        while (i < a_.size()) edits.push_back({'-', a_[i++]});
        while (j < b_.size()) edits.push_back({'+', b_[j++]});
    }

private:
    std::uint32_t& at(std::size_t i, std::size_t j) { return lengths_[i * width_ + j]; }
    const Lines& a_;
    const Lines& b_;
    std::size_t width_;
    std::vector<std::uint32_t> lengths_;
};

std::vector<Edit> editsBetween(const Lines& a, const Lines& b) {
    std::size_t head = 0, tail = 0;
    auto shorter = std::min(a.size(), b.size());
    while (head < shorter && a[head] == b[head]) ++head;
    while (tail < shorter - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
    std::vector<Edit> edits;
    for (std::size_t i = 0; i < head; ++i) edits.push_back({' ', a[i]});
    auto middle = [&](const Lines& lines) {
        return Lines(lines.begin() + static_cast<std::ptrdiff_t>(head),
                     lines.end() - static_cast<std::ptrdiff_t>(tail));
    };
    auto before = middle(a), after = middle(b);
    Common(before, after).appendTo(edits);
    for (auto i = a.size() - tail; i < a.size(); ++i) edits.push_back({' ', a[i]});
    return edits;
}

/// Numbers of the lines at which a hunk begins, from 1; 0 where it has none on that side, as diff has it.
std::string headOf(std::size_t line, std::size_t count) {
    auto begin = count == 0 ? line : line + 1;
    return count == 1 ? fmt::format("{}", begin) : fmt::format("{},{}", begin, count);
}

}  // namespace

std::string lineDiff(std::string_view before, std::string_view after) {
    auto a = linesOf(before), b = linesOf(after);
    auto edits = editsBetween(a, b);
    std::string out;
    std::size_t oldLine = 0, newLine = 0, position = 0;
    auto changed = [](const Edit& edit) { return edit.sign != ' '; };
    for (;;) {
        auto from = edits.begin() + static_cast<std::ptrdiff_t>(position);
        auto next = std::find_if(from, edits.end(), changed);
        if (next == edits.end()) return out;
        auto start = std::max(position, static_cast<std::size_t>(next - edits.begin()) -
                                            std::min<std::size_t>(context, static_cast<std::size_t>(next - from)));
        oldLine += start - position;
        newLine += start - position;
        auto end = start, lastChange = start;
        std::size_t olds = 0, news = 0;
        for (; end < edits.size() && end <= lastChange + 2 * context + 1; ++end)
            if (changed(edits[end])) lastChange = end;
        end = std::min(edits.size(), lastChange + context + 1);
        std::string hunk;
        for (auto i = start; i < end; ++i) {
            olds += edits[i].sign != '+';
            news += edits[i].sign != '-';
            hunk += fmt::format("{}{}\n", edits[i].sign, edits[i].line);
        }
        out += fmt::format("@@ -{} +{} @@\n{}", headOf(oldLine, olds), headOf(newLine, news), hunk);
        oldLine += olds;
        newLine += news;
        position = end;
    }
}

}  // namespace klaw
