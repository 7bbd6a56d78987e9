#include "rules/silence_matchers.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>

namespace klaw::rules {
namespace {

using Kind = Matcher::Kind;

std::string_view operatorOf(Kind kind) {
    switch (kind) {
        case Kind::Equal:
            return "=";
        case Kind::NotEqual:
            return "!=";
        case Kind::Matches:
            return "=~";
        case Kind::NotMatches:
            return "!~";
    }
    return "=";
}

bool isRegex(Kind kind) {
    return kind == Kind::Matches || kind == Kind::NotMatches;
}

bool isLabelCharacter(unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '.' || c == '/' || c == '-';
}

bool isBareCharacter(unsigned char c) {
    return c > ' ' && c != '"' && c != ',' && c != '{' && c != '}';
}

std::unique_ptr<RE2> compileRegex(const std::string& pattern) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    return std::make_unique<RE2>(pattern, options);
}

/// Reads `label op value, …` from front to back.
class MatcherParser {
public:
    explicit MatcherParser(std::string_view text) : text_(text), rest_(text) {}

    Result<std::vector<Matcher>> parse() {
        skipSpace();
        bool braced = accept("{");
        std::vector<Matcher> out;
        while (skipSpace(), !rest_.empty() && rest_[0] != '}') {
            auto matcher = one();
            if (!matcher) return fail(matcher.error());
            out.push_back(std::move(*matcher));
            skipSpace();
            if (!accept(",") && !rest_.empty() && rest_[0] != '}') return wrong("expected a comma");
        }
        if (braced && !accept("}")) return wrong("expected }");
        skipSpace();
        if (!rest_.empty()) return wrong("unexpected text");
        return out;
    }

private:
    tl::unexpected<Error> wrong(std::string_view what) const {
        auto column = text_.size() - rest_.size() + 1;
        return fail(ErrorCode::InvalidArgument, std::string(what) + " at column " + std::to_string(column), {},
                    R"(write for example alertname="PodOOMKilled", namespace=~"shop-.*")");
    }

    void skipSpace() {
        while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_[0]))) rest_.remove_prefix(1);
    }

    bool accept(std::string_view token) {
        if (!rest_.starts_with(token)) return false;
        rest_.remove_prefix(token.size());
        return true;
    }

    Result<Matcher> one() {
        Matcher matcher;
        while (!rest_.empty() && isLabelCharacter(static_cast<unsigned char>(rest_[0]))) take(matcher.label);
        if (matcher.label.empty()) return wrong("expected the name of a label");
        skipSpace();
        auto kind = operation();
        if (!kind) return wrong("expected =, !=, =~ or !~");
        matcher.kind = *kind;
        skipSpace();
        if (accept("\"")) {
            if (!quoted(matcher.value)) return wrong("the quotes are not closed");
        } else {
            while (!rest_.empty() && isBareCharacter(static_cast<unsigned char>(rest_[0]))) take(matcher.value);
        }
        return matcher;
    }

    std::optional<Kind> operation() {
        for (auto kind : {Kind::Matches, Kind::NotMatches, Kind::NotEqual, Kind::Equal})
            if (accept(operatorOf(kind))) return kind;
        return std::nullopt;
    }

    bool quoted(std::string& value) {
        while (!rest_.empty() && rest_[0] != '"') {
            bool escape = rest_[0] == '\\' && rest_.size() > 1 && (rest_[1] == '"' || rest_[1] == '\\');
            if (escape) rest_.remove_prefix(1);
            take(value);
        }
        return accept("\"");
    }

    void take(std::string& into) {
        into += rest_[0];
        rest_.remove_prefix(1);
    }

    std::string_view text_;
    std::string_view rest_;
};

/// Names whose value every alert has, so that the empty text never matches.
bool alwaysSet(std::string_view label) {
    return label == "alertname" || label == "rule" || label == "cluster" || label == "severity";
}

/// Whether alerts of every kind meet the matcher: it accepts any value, or the empty text of a label that few have.
bool acceptsEverything(const Matcher& matcher) {
    switch (matcher.kind) {
        case Kind::Equal:
            return matcher.value.empty() && !alwaysSet(matcher.label);
        case Kind::NotEqual:
            return true;
        case Kind::NotMatches:
            return true;
        case Kind::Matches:
            break;
    }
    auto regex = compileRegex(matcher.value);
    // Two unlikely texts with nothing in common stand for every text.
    return RE2::FullMatch("", *regex) ||
           (RE2::FullMatch("\x01zq-7", *regex) && RE2::FullMatch("Kx~\xc3\xa9 3", *regex));
}

std::string_view valueOf(const Alert& alert, std::string_view label) {
    if (label == "rule") return alert.rule;
    if (label == "cluster") return alert.cluster;
    if (label == "severity") return toString(alert.severity);
    auto found = alert.labels.find(label);
    if (label == "alertname" && found == alert.labels.end()) return alert.rule;
    return found == alert.labels.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace

Result<std::vector<Matcher>> parseMatchers(std::string_view text) {
    auto matchers = MatcherParser(text).parse();
    if (!matchers) return matchers;
    if (auto checked = checkMatchers(*matchers); !checked) return fail(checked.error());
    return matchers;
}

std::string formatMatchers(const std::vector<Matcher>& matchers) {
    std::string out;
    for (const auto& matcher : matchers) {
        if (!out.empty()) out += ", ";
        out.append(matcher.label).append(operatorOf(matcher.kind)).append(1, '"');
        for (char c : matcher.value) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += '"';
    }
    return out;
}

namespace {

Result<void> checkExpressions(const std::vector<Matcher>& matchers) {
    for (const auto& matcher : matchers) {
        if (!isRegex(matcher.kind)) continue;
        if (auto regex = compileRegex(matcher.value); !regex->ok())
            return fail(ErrorCode::InvalidArgument,
                        "bad regular expression \"" + matcher.value + "\": " + regex->error());
    }
    return {};
}

}  // namespace

Result<std::vector<Matcher>> parseSelection(std::string_view text) {
    if (text.find_first_not_of(" {}") == std::string_view::npos) return std::vector<Matcher>();
    auto matchers = MatcherParser(text).parse();
    if (!matchers) return matchers;
    if (auto checked = checkExpressions(*matchers); !checked) return fail(checked.error());
    return matchers;
}

Result<void> checkMatchers(const std::vector<Matcher>& matchers) {
    if (matchers.empty())
        return fail(ErrorCode::InvalidArgument, "a silence needs at least one matcher", {},
                    R"(write for example namespace="shop")");
    if (auto checked = checkExpressions(matchers); !checked) return checked;
    if (std::all_of(matchers.begin(), matchers.end(), acceptsEverything))
        return fail(ErrorCode::InvalidArgument, "these matchers would silence nearly every alert", {},
                    "name at least one alert, namespace or other label value");
    return {};
}

struct CompiledMatchers::Code {
    struct One {
        Matcher matcher;
        std::unique_ptr<RE2> regex;  ///< null where texts are compared
    };
    std::vector<One> all;
};

Result<CompiledMatchers> CompiledMatchers::compile(const std::vector<Matcher>& matchers) {
    if (auto checked = checkMatchers(matchers); !checked) return fail(checked.error());
    return compileSelection(matchers);
}

Result<CompiledMatchers> CompiledMatchers::compileSelection(const std::vector<Matcher>& matchers) {
    if (auto checked = checkExpressions(matchers); !checked) return fail(checked.error());
    auto code = std::make_shared<Code>();
    for (const auto& matcher : matchers)
        code->all.push_back({matcher, isRegex(matcher.kind) ? compileRegex(matcher.value) : nullptr});
    CompiledMatchers compiled;
    compiled.code_ = std::move(code);
    return compiled;
}

template <class ValueOf>
bool CompiledMatchers::matchAll(ValueOf valueOf) const {
    return std::all_of(code_->all.begin(), code_->all.end(), [&](const Code::One& one) {
        std::string_view value = valueOf(one.matcher.label);
        bool negated = one.matcher.kind == Kind::NotEqual || one.matcher.kind == Kind::NotMatches;
        bool equal = one.regex ? RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *one.regex)
                               : value == one.matcher.value;
        return equal != negated;
    });
}

bool CompiledMatchers::match(const Alert& alert) const {
    return matchAll([&](const std::string& label) { return valueOf(alert, label); });
}

bool CompiledMatchers::match(const Labels& labels) const {
    return matchAll([&](const std::string& label) {
        auto found = labels.find(label);
        return found == labels.end() ? std::string_view() : std::string_view(found->second);
    });
}

}  // namespace klaw::rules
