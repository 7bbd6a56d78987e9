#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "rules/silence.hpp"

namespace klaw::rules {

/// Reads `alertname="X", namespace=~"shop-.*"`; braces around it are accepted, quotes may be left out where the value
/// has no special characters. Refused with a sentence for people: bad syntax, a bad regular expression, no matcher at
/// all, and matchers that every alert meets (a silence of everything).
Result<std::vector<Matcher>> parseMatchers(std::string_view text);
/// The same without the last two refusals: a selection of everything is a selection, and no text is no matcher.
Result<std::vector<Matcher>> parseSelection(std::string_view text);
/// The form that parseMatchers reads back.
std::string formatMatchers(const std::vector<Matcher>& matchers);
/// The checks of parseMatchers for matchers that come from elsewhere (a button, storage).
Result<void> checkMatchers(const std::vector<Matcher>& matchers);

/// Matchers with their regular expressions compiled. Copies share the code.
class CompiledMatchers {
public:
    /// Of a silence: with the checks of checkMatchers.
    static Result<CompiledMatchers> compile(const std::vector<Matcher>& matchers);
    /// Of a selection, which may be empty or accept everything.
    static Result<CompiledMatchers> compileSelection(const std::vector<Matcher>& matchers);
    /// All of them hold. A label that the alert does not have counts as "".
    bool match(const Alert& alert) const;
    /// The same for labels alone.
    bool match(const Labels& labels) const;

private:
    struct Code;
    template <class ValueOf>
    bool matchAll(ValueOf valueOf) const;
    std::shared_ptr<const Code> code_;
};

}  // namespace klaw::rules
