#include "rules/cel/signatures.hpp"

#include <deque>
#include <map>
#include <string>

namespace klaw::rules::cel {
namespace {

constexpr std::string_view numbers = "double int uint";
constexpr std::string_view sortables = "int uint double bool duration timestamp string bytes";

struct Row {
    std::string_view names;  ///< as signaturesOf() takes them
    std::string_view arguments;
    std::string_view result;
    std::string_view each = {};  ///< the types that `*` stands for, one after the other
};

// The first that fits decides what a type still to be inferred is, so the order of a name's rows is cel-go's. Types of
// Kubernetes' libraries are named as they name themselves. A method's receiver is the first argument;
// "@insert" and "@sortBy" are what the macros transformMap and sortBy do.
constexpr Row rows[] = {
    {"!_", "bool", "bool"},
    {"-_", "*", "*", "double int"},
    {"_+_", "bytes, bytes", "bytes"},
    {"_+_ _-_ _*_ _/_", "double, double", "double"},
    {"_+_ _-_", "duration, duration", "duration"},
    {"_+_", "duration, timestamp", "timestamp"},
    {"_+_ _-_ _*_ _/_ _%_", "int, int", "int"},
    {"_+_ _-_", "timestamp, duration", "timestamp"},
    {"_-_", "timestamp, timestamp", "duration"},
    {"_+_", "*, *", "*", "list(A) string"},
    {"_+_ _-_ _*_ _/_ _%_", "uint, uint", "uint"},
    {"_==_ _!=_", "A, A", "bool"},
    {"_<_ _<=_ _>_ _>=_", "bool, bool", "bool"},
    {"_<_ _<=_ _>_ _>=_", "int, *", "bool", "int double uint"},
    {"_<_ _<=_ _>_ _>=_", "uint, *", "bool", "uint double int"},
    {"_<_ _<=_ _>_ _>=_", "double, *", "bool", "double int uint"},
    {"_<_ _<=_ _>_ _>=_", "*, *", "bool", "string bytes timestamp duration"},
    {"_?_:_", "bool, A, A", "A"},
    {"@in", "A, list(A)", "bool"},
    {"@in", "A, map(A, B)", "bool"},
    {"_[_]", "list(A), int", "A"},
    {"_[_]", "map(A, B), A", "B"},
    {"_[?_]", "list(A), int", "optional(A)"},
    {"_[_] _[?_]", "optional(list(A)), int", "optional(A)"},
    {"_[?_]", "map(A, B), A", "optional(B)"},
    {"_[_] _[?_]", "optional(map(A, B)), A", "optional(B)"},
    {"@insert", "map(A, B), A, B", "map(A, B)"},
    {"@insert", "map(A, B), map(A, B)", "map(A, B)"},
    {"@sortBy", "list(A), list(*)", "list(A)", sortables},

    {"bool", "*", "bool", "bool string"},
    {"int", "*", "int", "int double duration string timestamp uint"},
    {"uint", "*", "uint", "uint double int string"},
    {"double", "*", "double", "double int string uint"},
    {"string", "*", "string", "string bool bytes double duration int timestamp uint net.IP net.CIDR"},
    {"bytes", "*", "bytes", "bytes string"},
    {"timestamp", "*", "timestamp", "timestamp int string"},
    {"duration", "*", "duration", "duration int string"},
    {"dyn", "A", "dyn"},
    {"type", "A", "type"},
    {"size .size", "*", "int", "bytes list(A) map(A,B) string"},

    {".contains .startsWith .endsWith matches .matches", "string, string", "bool"},
    {".charAt .substring", "string, int", "string"},
    {".substring", "string, int, int", "string"},
    {".indexOf .lastIndexOf", "string, string", "int"},
    {".indexOf .lastIndexOf", "string, string, int", "int"},
    {".lowerAscii .upperAscii .trim .reverse strings.quote", "string", "string"},
    {".replace", "string, string, string", "string"},
    {".replace", "string, string, string, int", "string"},
    {".find", "string, string", "string"},
    {".findAll .split", "string, string", "list(string)"},
    {".findAll .split", "string, string, int", "list(string)"},
    {".join", "list(string)", "string"},
    {".join", "list(string), string", "string"},
    {".format", "string, list(dyn)", "string"},
    {"base64.encode", "bytes", "string"},
    {"base64.decode", "string", "bytes"},

    {".distinct .reverse", "list(A)", "list(A)"},
    {".first .last", "list(A)", "optional(A)"},
    {".flatten", "list(list(A))", "list(A)"},
    {".flatten", "list(dyn), int", "list(dyn)"},
    {".slice", "list(A), int, int", "list(A)"},
    {".indexOf .lastIndexOf", "list(A), A", "int"},
    {".isSorted", "list(*)", "bool", sortables},
    {".sort", "list(*)", "list(*)", sortables},
    {".min .max", "list(*)", "*", sortables},
    {".sum", "list(*)", "*", "int uint double duration"},
    {"lists.range", "int", "list(int)"},
    {"sets.contains sets.equivalent sets.intersects", "list(A), list(A)", "bool"},

    {".getFullYear .getMonth .getDate .getDayOfMonth .getDayOfWeek .getDayOfYear", "timestamp", "int"},
    {".getFullYear .getMonth .getDate .getDayOfMonth .getDayOfWeek .getDayOfYear", "timestamp, string", "int"},
    {".getHours .getMinutes .getSeconds .getMilliseconds", "*", "int", "timestamp duration"},
    {".getHours .getMinutes .getSeconds .getMilliseconds", "timestamp, string", "int"},
    {"cronNext", "string, string, timestamp", "optional(timestamp)"},

    {"optional.none", "", "optional(A)"},
    {"optional.of optional.ofNonZeroValue", "A", "optional(A)"},
    {".hasValue", "optional(A)", "bool"},
    {".value", "optional(A)", "A"},
    {".or", "optional(A), optional(A)", "optional(A)"},
    {".orValue", "optional(A), A", "A"},

    {"math.greatest math.least", "*", "*", numbers},
    {"math.greatest math.least", "*, *", "*", numbers},
    {"math.greatest math.least", "int, *", "dyn", "uint double"},
    {"math.greatest math.least", "uint, *", "dyn", "int double"},
    {"math.greatest math.least", "double, *", "dyn", "int uint"},
    {"math.greatest math.least", "list(*)", "*", numbers},
    {"math.abs math.sign", "*", "*", numbers},
    {"math.ceil math.floor math.round math.trunc", "double", "double"},
    {"math.sqrt", "*", "double", numbers},
    {"math.isFinite math.isInf math.isNaN", "double", "bool"},
    {"math.bitAnd math.bitOr math.bitXor", "*, *", "*", "int uint"},
    {"math.bitShiftLeft math.bitShiftRight", "*, int", "*", "int uint"},
    {"math.bitNot", "*", "*", "int uint"},

    {"quantity", "string", "kubernetes.Quantity"},
    {"isQuantity isIP isCIDR isURL ip.isCanonical", "string", "bool"},
    {".add .sub", "kubernetes.Quantity, kubernetes.Quantity", "kubernetes.Quantity"},
    {".add .sub", "kubernetes.Quantity, int", "kubernetes.Quantity"},
    {".asApproximateFloat", "kubernetes.Quantity", "double"},
    {".asInteger sign .sign", "kubernetes.Quantity", "int"},
    {".isInteger", "kubernetes.Quantity", "bool"},
    {".compareTo", "kubernetes.Quantity, kubernetes.Quantity", "int"},
    {".isGreaterThan .isLessThan", "kubernetes.Quantity, kubernetes.Quantity", "bool"},

    {"ip", "string", "net.IP"},
    {".ip", "net.CIDR", "net.IP"},
    {".family", "net.IP", "int"},
    {".isGlobalUnicast .isLinkLocalMulticast .isLinkLocalUnicast .isLoopback .isUnspecified", "net.IP", "bool"},
    {"cidr", "string", "net.CIDR"},
    {".masked", "net.CIDR", "net.CIDR"},
    {".prefixLength", "net.CIDR", "int"},
    {".containsIP", "net.CIDR, *", "bool", "string net.IP"},
    {".containsCIDR", "net.CIDR, *", "bool", "string net.CIDR"},

    {"url", "string", "kubernetes.URL"},
    {".getScheme .getHost .getHostname .getPort .getEscapedPath", "kubernetes.URL", "string"},
    {".getQuery", "kubernetes.URL", "map(string, list(string))"},
};

std::vector<std::string_view> wordsOf(std::string_view text) {
    std::vector<std::string_view> words;
    for (std::size_t end = 0; end != std::string_view::npos; text.remove_prefix(end == text.npos ? 0 : end + 1)) {
        end = text.find(' ');
        words.push_back(text.substr(0, end));
    }
    return words;
}

Type libraryType(std::string_view name) {
    Type type(Kind::Extension);
    type.name = name;
    return type;
}

class Table {
public:
    Table() {
        for (const auto& row : rows)
            for (auto type : wordsOf(row.each)) add(row, type);
    }
    const std::map<std::string_view, std::vector<Signature>>& all() const { return byName_; }

private:
    void add(const Row& row, std::string_view each) {
        auto text = std::string(row.result) + (row.arguments.empty() ? "" : ", ") + std::string(row.arguments);
        for (auto at = text.find('*'); at != text.npos; at = text.find('*')) text.replace(at, 1, each);
        Signature signature{parseTypes(texts_.emplace_back(std::move(text)), libraryType)};
        for (auto name : wordsOf(row.names)) byName_[name].push_back(signature);
    }

    std::deque<std::string> texts_;  ///< which the types' names view into
    std::map<std::string_view, std::vector<Signature>> byName_;
};

const std::map<std::string_view, std::vector<Signature>>& table() {
    static const Table all;
    return all.all();
}

}  // namespace

std::span<const Signature> signaturesOf(std::string_view name) {
    auto found = table().find(name);
    return found == table().end() ? std::span<const Signature>() : found->second;
}

std::vector<std::string_view> namesWithSignatures() {
    std::vector<std::string_view> names;
    for (const auto& [name, signatures] : table()) names.push_back(name);
    return names;
}

}  // namespace klaw::rules::cel
