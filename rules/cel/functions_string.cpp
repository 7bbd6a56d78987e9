#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <vector>

#include "rules/cel/functions.hpp"

// The strings extension of cel-go (https://github.com/google/cel-go/tree/master/ext#strings): positions count code
// points.

namespace klaw::rules::cel {
namespace {

bool allStrings(Arguments arguments) {
    return std::all_of(arguments.begin(), arguments.end(),
                       [](const Value& value) { return value.kind() == Kind::String; });
}

bool isContinuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

/// Byte offsets at which code points begin, and the end.
std::vector<std::size_t> codePointStarts(std::string_view text) {
    std::vector<std::size_t> starts;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (!isContinuation(text[i])) starts.push_back(i);
    starts.push_back(text.size());
    return starts;
}

std::int64_t codePointsBefore(std::string_view text, std::size_t offset) {
    return std::count_if(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset),
                         [](char c) { return !isContinuation(c); });
}

using TextTest = bool (*)(std::string_view, std::string_view);

Evaluated<Value> testText(Arguments arguments, Meter& meter, TextTest test) {
    if (!allStrings(arguments)) return noSuchOverload();
    if (!meter.charge(arguments[0].text().size() / 8)) return costExceeded();
    return Value::boolean(test(arguments[0].text(), arguments[1].text()));
}

Evaluated<Value> contains(Arguments arguments, Meter& meter) {
    return testText(arguments, meter,
                    [](std::string_view a, std::string_view b) { return a.find(b) != std::string_view::npos; });
}
Evaluated<Value> startsWith(Arguments arguments, Meter& meter) {
    return testText(arguments, meter, [](std::string_view a, std::string_view b) { return a.starts_with(b); });
}
Evaluated<Value> endsWith(Arguments arguments, Meter& meter) {
    return testText(arguments, meter, [](std::string_view a, std::string_view b) { return a.ends_with(b); });
}

Evaluated<Value> matches(Arguments arguments, Meter& meter) {
    if (!allStrings(arguments)) return noSuchOverload();
    if (!meter.charge(arguments[1].text().size() * 8 + arguments[0].text().size() / 8)) return costExceeded();
    auto pattern = compilePattern(arguments[1].text());
    if (!pattern) return tl::unexpected<EvalError>(pattern.error());
    return matchPattern(**pattern, arguments[0].text());
}

Evaluated<Value> charAt(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::String || arguments[1].kind() != Kind::Int) return noSuchOverload();
    auto text = arguments[0].text();
    if (!meter.charge(text.size() / 8)) return costExceeded();
    auto starts = codePointStarts(text);
    auto at = arguments[1].intValue();
    auto count = static_cast<std::int64_t>(starts.size()) - 1;
    if (at < 0 || at > count) return evalError("index out of range: " + std::to_string(at));
    if (at == count) return Value::string("");
    auto begin = starts[static_cast<std::size_t>(at)];
    return Value::string(text.substr(begin, starts[static_cast<std::size_t>(at) + 1] - begin));
}

/// indexOf and lastIndexOf of a list.
Evaluated<Value> positionInList(Arguments arguments, Meter& meter, bool last) {
    if (arguments.size() > 2) return noSuchOverload();
    if (!meter.charge(arguments[0].size())) return costExceeded();
    std::int64_t found = -1;
    arguments[0].forEach([&](const Value& index, const Value& element) {
        if ((last || found < 0) && equal(element, arguments[1])) found = index.intValue();
    });
    return Value::integer(found);
}

/// indexOf and lastIndexOf: the optional third argument is where the search begins, in code points.
Evaluated<Value> position(Arguments arguments, Meter& meter, bool last) {
    if (arguments[0].kind() == Kind::List) return positionInList(arguments, meter, last);
    if (!allStrings(arguments.first(2)) || (arguments.size() > 2 && arguments[2].kind() != Kind::Int))
        return noSuchOverload();
    auto text = arguments[0].text();
    if (!meter.charge(text.size() / 4)) return costExceeded();
    std::size_t from = last ? std::string_view::npos : 0;
    if (arguments.size() > 2) {
        auto starts = codePointStarts(text);
        auto offset = arguments[2].intValue();
        if (offset < 0 || offset >= static_cast<std::int64_t>(starts.size()))
            return evalError("index out of range: " + std::to_string(offset));
        from = starts[static_cast<std::size_t>(offset)];
    }
    auto found = last ? text.rfind(arguments[1].text(), from) : text.find(arguments[1].text(), from);
    return Value::integer(found == std::string_view::npos ? -1 : codePointsBefore(text, found));
}
Evaluated<Value> indexOf(Arguments arguments, Meter& meter) {
    return position(arguments, meter, false);
}
Evaluated<Value> lastIndexOf(Arguments arguments, Meter& meter) {
    return position(arguments, meter, true);
}

Evaluated<Value> changeCase(Arguments arguments, Meter& meter, char first, char last, int shift) {
    if (!allStrings(arguments)) return noSuchOverload();
    if (!meter.charge(arguments[0].text().size() / 8)) return costExceeded();
    std::string text(arguments[0].text());
    for (auto& c : text)
        if (c >= first && c <= last) c = static_cast<char>(c + shift);
    return Value::string(text);
}
Evaluated<Value> lowerAscii(Arguments arguments, Meter& meter) {
    return changeCase(arguments, meter, 'A', 'Z', 32);
}
Evaluated<Value> upperAscii(Arguments arguments, Meter& meter) {
    return changeCase(arguments, meter, 'a', 'z', -32);
}

Evaluated<Value> replace(Arguments arguments, Meter& meter) {
    if (!allStrings(arguments.first(3)) || (arguments.size() > 3 && arguments[3].kind() != Kind::Int))
        return noSuchOverload();
    auto text = arguments[0].text(), what = arguments[1].text(), with = arguments[2].text();
    auto limit = arguments.size() > 3 ? arguments[3].intValue() : -1;
    std::string result;
    std::size_t at = 0;
    for (std::int64_t done = 0; limit < 0 || done < limit; ++done) {
        auto found = text.find(what, at);
        if (found == std::string_view::npos) break;
        if (!meter.charge((found - at + with.size()) / 8 + 1)) return costExceeded();
        result.append(text.substr(at, found - at)).append(with);
        at = found + what.size();
        if (!what.empty()) continue;
        if (at == text.size()) break;
        result += text[at++];
        while (at < text.size() && isContinuation(text[at])) result += text[at++];
    }
    return Value::string(result.append(text.substr(std::min(at, text.size()))));
}

Evaluated<Value> split(Arguments arguments, Meter& meter) {
    if (!allStrings(arguments.first(2)) || (arguments.size() > 2 && arguments[2].kind() != Kind::Int))
        return noSuchOverload();
    auto text = arguments[0].text(), separator = arguments[1].text();
    auto limit = arguments.size() > 2 ? arguments[2].intValue() : -1;
    if (!meter.charge(text.size() / 2 + 1)) return costExceeded();
    Value::Items parts;
    if (limit == 0) return Value::list({});
    if (separator.empty()) {
        auto starts = codePointStarts(text);
        for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
            bool rest = static_cast<std::int64_t>(parts.size()) + 1 == limit;
            parts.push_back(Value::string(text.substr(starts[i], (rest ? text.size() : starts[i + 1]) - starts[i])));
            if (rest) break;
        }
        return Value::list(std::move(parts));
    }
    while (limit < 0 || static_cast<std::int64_t>(parts.size()) + 1 < limit) {
        auto found = text.find(separator);
        if (found == std::string_view::npos) break;
        parts.push_back(Value::string(text.substr(0, found)));
        text.remove_prefix(found + separator.size());
    }
    parts.push_back(Value::string(text));
    return Value::list(std::move(parts));
}

Evaluated<Value> substring(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::String || arguments[1].kind() != Kind::Int) return noSuchOverload();
    if (arguments.size() > 2 && arguments[2].kind() != Kind::Int) return noSuchOverload();
    auto text = arguments[0].text();
    if (!meter.charge(text.size() / 4)) return costExceeded();
    auto starts = codePointStarts(text);
    auto count = static_cast<std::int64_t>(starts.size()) - 1;
    auto begin = arguments[1].intValue();
    auto end = arguments.size() > 2 ? arguments[2].intValue() : count;
    if (begin < 0 || begin > count) return evalError("index out of range: " + std::to_string(begin));
    if (end < 0 || end > count) return evalError("index out of range: " + std::to_string(end));
    if (begin > end)
        return evalError("invalid substring range. start: " + std::to_string(begin) + ", end: " + std::to_string(end));
    auto from = starts[static_cast<std::size_t>(begin)];
    return Value::string(text.substr(from, starts[static_cast<std::size_t>(end)] - from));
}

/// White space as Unicode has it.
bool isBlank(std::string_view point) {
    static constexpr std::array<std::string_view, 25> blanks{
        "\t",           "\n",           "\v",           "\f",           "\r",           " ",
        "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82",
        "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88",
        "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F",
        "\xE3\x80\x80"};
    return std::find(blanks.begin(), blanks.end(), point) != blanks.end();
}

Evaluated<Value> trim(Arguments arguments, Meter& meter) {
    if (!allStrings(arguments)) return noSuchOverload();
    auto text = arguments[0].text();
    if (!meter.charge(text.size() / 4)) return costExceeded();
    auto starts = codePointStarts(text);
    auto point = [&](std::size_t i) { return text.substr(starts[i], starts[i + 1] - starts[i]); };
    std::size_t begin = 0, end = starts.size() - 1;
    while (begin < end && isBlank(point(begin))) ++begin;
    while (end > begin && isBlank(point(end - 1))) --end;
    return Value::string(text.substr(starts[begin], starts[end] - starts[begin]));
}

Evaluated<Value> join(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::List || (arguments.size() > 1 && arguments[1].kind() != Kind::String))
        return noSuchOverload();
    auto separator = arguments.size() > 1 ? arguments[1].text() : std::string_view();
    std::string text;
    bool onlyStrings = true;
    arguments[0].forEach([&](const Value& index, const Value& item) {
        onlyStrings =
            onlyStrings && item.kind() == Kind::String && meter.charge((item.text().size() + separator.size()) / 8 + 1);
        if (!onlyStrings) return;
        if (index.intValue() > 0) text.append(separator);
        text.append(item.text());
    });
    if (meter.spent()) return costExceeded();
    if (!onlyStrings) return noSuchOverload();
    return Value::string(text);
}

Evaluated<Value> reverse(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() == Kind::List) {
        if (!meter.charge(arguments[0].size())) return costExceeded();
        Value::Items items;
        arguments[0].forEach([&](const Value&, const Value& item) { items.push_back(item); });
        std::reverse(items.begin(), items.end());
        return Value::list(std::move(items));
    }
    if (!allStrings(arguments)) return noSuchOverload();
    auto text = arguments[0].text();
    if (!meter.charge(text.size() / 4)) return costExceeded();
    auto starts = codePointStarts(text);
    std::string reversed;
    for (auto i = starts.size() - 1; i-- > 0;) reversed.append(text.substr(starts[i], starts[i + 1] - starts[i]));
    return Value::string(reversed);
}

Evaluated<Value> find(Arguments arguments, Meter& meter) {
    if (!allStrings(arguments)) return noSuchOverload();
    if (!meter.charge(arguments[1].text().size() * 8 + arguments[0].text().size() / 8)) return costExceeded();
    auto pattern = compilePattern(arguments[1].text());
    if (!pattern) return tl::unexpected<EvalError>(pattern.error());
    auto text = arguments[0].text();
    re2::StringPiece found;
    if (!(*pattern)->Match({text.data(), text.size()}, 0, text.size(), re2::RE2::UNANCHORED, &found, 1))
        return Value::string("");
    return Value::string({found.data(), found.size()});
}

/// All matches from left to right, none overlapping; an empty match right after another one does not count.
Evaluated<Value> findAll(Arguments arguments, Meter& meter) {
    if (!allStrings(arguments.first(2)) || (arguments.size() > 2 && arguments[2].kind() != Kind::Int))
        return noSuchOverload();
    if (!meter.charge(arguments[1].text().size() * 8 + arguments[0].text().size() / 2)) return costExceeded();
    auto pattern = compilePattern(arguments[1].text());
    if (!pattern) return tl::unexpected<EvalError>(pattern.error());
    auto text = arguments[0].text();
    auto limit = arguments.size() > 2 ? arguments[2].intValue() : -1;
    Value::Items items;
    std::size_t at = 0;
    const char* lastEnd = nullptr;
    while (at <= text.size() && (limit < 0 || static_cast<std::int64_t>(items.size()) < limit)) {
        re2::StringPiece found;
        if (!meter.charge(1 + (text.size() - at) / 64)) return costExceeded();
        if (!(*pattern)->Match({text.data(), text.size()}, at, text.size(), re2::RE2::UNANCHORED, &found, 1)) break;
        auto begin = static_cast<std::size_t>(found.data() - text.data());
        if (!found.empty() || found.data() != lastEnd) items.push_back(Value::string({found.data(), found.size()}));
        at = begin + found.size();
        lastEnd = found.data() + found.size();
        if (!found.empty()) continue;
        ++at;
        while (at < text.size() && isContinuation(text[at])) ++at;
    }
    return Value::list(std::move(items));
}

}  // namespace

Evaluated<std::shared_ptr<const re2::RE2>> compilePattern(std::string_view pattern) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    auto compiled = std::make_shared<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
    if (!compiled->ok()) return evalError("error parsing regexp: " + compiled->error());
    return compiled;
}

Evaluated<Value> matchPattern(const re2::RE2& pattern, std::string_view text) {
    return Value::boolean(re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern));
}

std::span<const Function> stringFunctions() {
    static constexpr std::array<Function, 18> table{{
        {"contains", true, 2, 2, contains},
        {"startsWith", true, 2, 2, startsWith},
        {"endsWith", true, 2, 2, endsWith},
        {"matches", true, 2, 2, matches},
        {"matches", false, 2, 2, matches},
        {"charAt", true, 2, 2, charAt},
        {"indexOf", true, 2, 3, indexOf},
        {"lastIndexOf", true, 2, 3, lastIndexOf},
        {"lowerAscii", true, 1, 1, lowerAscii},
        {"upperAscii", true, 1, 1, upperAscii},
        {"replace", true, 3, 4, replace},
        {"split", true, 2, 3, split},
        {"substring", true, 2, 3, substring},
        {"trim", true, 1, 1, trim},
        {"join", true, 1, 2, join},
        {"reverse", true, 1, 1, reverse},
        {"find", true, 2, 2, find},
        {"findAll", true, 2, 3, findAll},
    }};
    return table;
}

}  // namespace klaw::rules::cel
