#include "agent/backup/restore_options.hpp"

#include <algorithm>
#include <set>

namespace klaw::backup {
namespace {

constexpr std::size_t longestNamespace = 63;

bool isNamespace(const std::string& name) {
    auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    return !name.empty() && name.size() <= longestNamespace && std::ranges::all_of(name, fits) && name.front() != '-' &&
           name.back() != '-';
}

std::string lower(std::string text) {
    for (auto& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return text;
}

}  // namespace

std::string_view toString(Conflict conflict) {
    switch (conflict) {
        case Conflict::Skip:
            return "skip";
        case Conflict::Overwrite:
            return "overwrite";
        case Conflict::Fail:
            return "fail";
    }
    return "skip";
}

Result<Conflict> conflictFromString(std::string_view text) {
    for (auto each : {Conflict::Skip, Conflict::Overwrite, Conflict::Fail})
        if (text == toString(each)) return each;
    return fail(ErrorCode::InvalidArgument, "--conflict: \"" + std::string(text) + "\" is not known", {},
                "skip, overwrite or fail");
}

bool RestoreOptions::wants(const Kind& kind) const {
    return only.empty() || std::ranges::any_of(only, [&](const std::string& word) {
               auto name = lower(word);
               return name == kind.plural || name == kind.resource() || name == lower(kind.kind);
           });
}

bool RestoreOptions::overwrites(const Kind& kind) const {
    bool comesAlong =
        !namespaces.empty() && only.empty() && kind.resource() == "customresourcedefinitions.apiextensions.k8s.io";
    return conflict == Conflict::Overwrite && !comesAlong;
}

const std::string& RestoreOptions::target(const std::string& ns) const {
    auto found = namespaces.find(ns);
    return found == namespaces.end() ? ns : found->second;
}

Result<std::map<std::string, std::string>> parseNamespaceMapping(const std::string& text) {
    std::map<std::string, std::string> mapping;
    std::set<std::string> targets;
    for (std::size_t from = 0; from <= text.size();) {
        auto end = std::min(text.find(',', from), text.size());
        auto part = text.substr(from, end - from);
        auto sign = part.find('=');
        auto source = part.substr(0, sign), target = sign == std::string::npos ? part : part.substr(sign + 1);
        if (!isNamespace(source) || !isNamespace(target))
            return fail(ErrorCode::InvalidArgument, "\"" + part + "\" is no name of a namespace", {},
                        "write for example shop, or shop=shop-copy,pay");
        bool twice = !targets.insert(target).second || !mapping.emplace(source, target).second;
        if (twice)
            return fail(ErrorCode::InvalidArgument, "the namespace \"" + target + "\" is there twice", {},
                        "each namespace goes to one of its own");
        from = end + 1;
    }
    return mapping;
}

}  // namespace klaw::backup
