#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "rules/cel/functions.hpp"

// Kubernetes' URLs: absolute ones and absolute paths, in parts.

namespace klaw::rules::cel {
namespace {

bool isAlphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

int hexDigit(char c) {
    if (isDigit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Text with its %41 made plain; nullopt when one is malformed.
std::optional<std::string> unescaped(std::string_view text, bool plusIsBlank) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            plain += plusIsBlank && text[i] == '+' ? ' ' : text[i];
            continue;
        }
        if (i + 2 >= text.size() || hexDigit(text[i + 1]) < 0 || hexDigit(text[i + 2]) < 0) return std::nullopt;
        plain += static_cast<char>(hexDigit(text[i + 1]) * 16 + hexDigit(text[i + 2]));
        i += 2;
    }
    return plain;
}

class Url : public Extension {
public:
    std::string text, scheme, host, path, query;

    std::string_view typeName() const override { return "kubernetes.URL"; }
    std::string toText() const override { return text; }
    bool equals(const Extension& other) const override { return text == static_cast<const Url&>(other).text; }

    std::string hostname() const {
        if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
        return host.substr(0, host.find(':'));
    }
    std::string port() const {
        auto colon = host.rfind(':');
        return colon == std::string::npos || colon < host.find_last_of(']') + 1 ? "" : host.substr(colon + 1);
    }
    std::string escapedPath() const {
        constexpr std::string_view left = "-_.~!'()*$&+,/:;=@[]%", kept = "-_.~$&+,/:;=@";
        auto within = [](std::string_view set) {
            return [set](char c) { return isAlphanumeric(c) || set.find(c) != std::string_view::npos; };
        };
        if (std::all_of(path.begin(), path.end(), within(left))) return path;
        auto plain = unescaped(path, false).value_or(path);
        std::string escaped;
        for (char c : plain)
            escaped += within(kept)(c) ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
        return escaped;
    }
};

/// "name:" at the front, in lower case; nullopt when what stands there is no scheme.
std::optional<std::string> takeScheme(std::string_view& rest) {
    auto colon = rest.find(':');
    if (rest.starts_with('/') || colon == std::string_view::npos || colon == 0) return std::nullopt;
    std::string scheme(rest.substr(0, colon));
    if (isDigit(scheme[0])) return std::nullopt;
    for (auto& c : scheme) {
        if (!isAlphanumeric(c) && (c != '+' && c != '-' && c != '.')) return std::nullopt;
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    if (!isAlphanumeric(scheme[0])) return std::nullopt;
    rest.remove_prefix(colon + 1);
    return scheme;
}

bool isHost(std::string_view host) {
    auto bracket = host.find(']');
    auto name = host.starts_with('[') ? host.substr(0, bracket == std::string_view::npos ? 0 : bracket + 1)
                                      : host.substr(0, host.find(':'));
    if (host.starts_with('[') && name.empty()) return false;
    auto port = host.substr(name.size());
    bool portIsFine = port.empty() || (port[0] == ':' && std::all_of(port.begin() + 1, port.end(), isDigit));
    return portIsFine && name.find_first_of(" \"<>^`{}|\\%") == std::string_view::npos;
}

std::optional<Url> parseUrl(std::string_view text) {
    Url url;
    url.text = text;
    auto isControl = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
    if (text.empty() || std::any_of(text.begin(), text.end(), isControl)) return std::nullopt;
    auto rest = text.substr(0, text.find('#'));
    if (auto scheme = takeScheme(rest)) url.scheme = *scheme;
    if (auto mark = rest.find('?'); mark != std::string_view::npos) {
        url.query = rest.substr(mark + 1);
        rest = rest.substr(0, mark);
    }
    if (!rest.starts_with('/')) return url.scheme.empty() ? std::nullopt : std::optional(url);
    if (!url.scheme.empty() && rest.starts_with("//") && !rest.starts_with("///")) {
        rest.remove_prefix(2);
        auto authority = rest.substr(0, rest.find('/'));
        rest.remove_prefix(authority.size());
        if (auto at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
        if (!isHost(authority)) return std::nullopt;
        url.host = authority;
    }
    if (!unescaped(rest, false)) return std::nullopt;
    url.path = rest;
    return url;
}

const Url* asUrl(const Value& value) {
    return value.kind() == Kind::Extension ? dynamic_cast<const Url*>(&value.extension()) : nullptr;
}

Evaluated<Value> url(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::String) return noSuchOverload();
    if (!meter.charge(arguments[0].text().size() / 4)) return costExceeded();
    auto parsed = parseUrl(arguments[0].text());
    if (!parsed) return evalError("URL parse error during conversion from string");
    return Value::extension(std::make_shared<const Url>(std::move(*parsed)));
}

Evaluated<Value> isUrl(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::String) return noSuchOverload();
    if (!meter.charge(arguments[0].text().size() / 4)) return costExceeded();
    return Value::boolean(parseUrl(arguments[0].text()).has_value());
}

template <auto Part>
Evaluated<Value> part(Arguments arguments, Meter&) {
    const auto* given = asUrl(arguments[0]);
    if (!given) return noSuchOverload();
    return Value::string(std::invoke(Part, *given));
}

/// The parameters: all values of each name.
Evaluated<Value> query(Arguments arguments, Meter& meter) {
    const auto* given = asUrl(arguments[0]);
    if (!given) return noSuchOverload();
    std::vector<std::pair<std::string, Value::Items>> found;
    for (std::string_view rest = given->query; !rest.empty();) {
        auto pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        auto equals = pair.find('=');
        auto name = unescaped(pair.substr(0, equals), true);
        auto value = unescaped(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true);
        if (pair.empty() || pair.find(';') != std::string_view::npos || !name || !value) continue;
        if (!meter.charge(1 + found.size() + pair.size() / 8)) return costExceeded();
        auto known = std::find_if(found.begin(), found.end(), [&](const auto& entry) { return entry.first == *name; });
        if (known == found.end()) known = found.insert(found.end(), {*name, {}});
        known->second.push_back(Value::string(*value));
    }
    Value::Entries entries;
    for (auto& [name, values] : found) entries.emplace_back(Value::string(name), Value::list(std::move(values)));
    return Value::map(std::move(entries));
}

}  // namespace

std::span<const Function> urlFunctions() {
    static constexpr std::array<Function, 8> table{{
        {"url", false, 1, 1, url},
        {"isURL", false, 1, 1, isUrl},
        {"getScheme", true, 1, 1, part<&Url::scheme>},
        {"getHost", true, 1, 1, part<&Url::host>},
        {"getHostname", true, 1, 1, part<&Url::hostname>},
        {"getPort", true, 1, 1, part<&Url::port>},
        {"getEscapedPath", true, 1, 1, part<&Url::escapedPath>},
        {"getQuery", true, 1, 1, query},
    }};
    return table;
}

}  // namespace klaw::rules::cel
