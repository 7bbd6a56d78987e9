#include "rules/cel/analysis.hpp"

#include <algorithm>

namespace klaw::rules::cel {
namespace {

/// Walks an expression and notes reads in the tree of one variable.
class FieldReader {
public:
    FieldReader(FieldTree& root, std::size_t slot) : root_(root), slot_(slot) {}

    /// The value is used as a whole.
    void consume(const Node& node) {
        for (auto* tree : follow(node)) tree->whole = true;
    }

private:
    /// The places of the variable that a value may stand for; reads on the way are noted.
    using Places = std::vector<FieldTree*>;

    Places follow(const Node& node) {
        switch (node.op) {
            case Op::Variable:
                return node.slot == slot_ ? Places{&root_} : Places{};
            case Op::Local:
                return locals_[node.slot];
            case Op::Select:
            case Op::OptionalSelect:
                return fields(follow(*node.args[0]), node.name);
            case Op::Has:
                for (auto* tree : fields(follow(*node.args[0]), node.name)) tree->whole = true;
                return {};
            case Op::Index:
            case Op::OptionalIndex:
                return indexed(node);
            case Op::Conditional: {
                consume(*node.args[0]);
                return joined(follow(*node.args[1]), follow(*node.args[2]));
            }
            case Op::Call:
                return called(node);
            case Op::Comprehension:
                return comprehension(node);
            default:
                for (const auto& arg : node.args) consume(*arg);
                return {};
        }
    }

    static Places fields(const Places& places, const std::string& name) {
        Places below;
        for (auto* tree : places) below.push_back(&tree->fields[name]);
        return below;
    }

    static Places elements(const Places& places) {
        Places below;
        for (auto* tree : places) {
            if (!tree->elements) tree->elements = std::make_unique<FieldTree>();
            below.push_back(tree->elements.get());
        }
        return below;
    }

    static Places joined(Places a, const Places& b) {
        a.insert(a.end(), b.begin(), b.end());
        return a;
    }

    Places indexed(const Node& node) {
        auto container = follow(*node.args[0]);
        const auto& key = *node.args[1];
        if (key.op == Op::Constant && key.constant.kind() == Kind::String)
            return fields(container, std::string(key.constant.text()));
        consume(key);
        return elements(container);
    }

    /// Functions that hand their arguments through keep the place; all others read the whole value.
    Places called(const Node& node) {
        bool handsThrough = node.name == "orValue" || node.name == "or" || node.name == "value" ||
                            node.name == "optional.of" || node.name == "dyn";
        Places places;
        for (const auto& arg : node.args) {
            if (handsThrough)
                places = joined(std::move(places), follow(*arg));
            else
                consume(*arg);
        }
        return places;
    }

    Places comprehension(const Node& node) {
        auto range = follow(*node.args[0]);
        bool optional = node.macro == Macro::OptMap || node.macro == Macro::OptFlatMap;
        bool whole = optional || node.macro == Macro::Bind;
        if (locals_.size() < node.slot + 2) locals_.resize(node.slot + 2);
        if (node.twoVariables)  // keys and values of a map, of which no path can be named
            for (auto* tree : range) tree->whole = true;
        locals_[node.slot] = whole ? range : node.twoVariables ? Places{} : elements(range);
        locals_[node.slot + 1] = {};
        if (whole) return follow(*node.args[1]);
        for (std::size_t i = 1; i < node.args.size(); ++i) consume(*node.args[i]);
        return node.macro == Macro::Filter || node.macro == Macro::SortBy ? range : Places{};
    }

    FieldTree& root_;
    std::size_t slot_;
    std::vector<Places> locals_;
};

/// `object.a.b` as variable and path; nothing for anything else.
std::optional<std::pair<std::string, std::vector<std::string>>> pathOf(const Node& node) {
    std::vector<std::string> path;
    const auto* at = &node;
    for (; at->op == Op::Select; at = at->args[0].get()) path.push_back(at->name);
    if (at->op != Op::Variable) return std::nullopt;
    std::reverse(path.begin(), path.end());
    return std::pair(at->name, std::move(path));
}

bool isText(const Node& node) {
    return node.op == Op::Constant && node.constant.kind() == Kind::String;
}

std::optional<Guard> equality(const Node& node) {
    bool textFirst = isText(*node.args[0]);
    const auto& field = *node.args[textFirst ? 1 : 0];
    const auto& text = *node.args[textFirst ? 0 : 1];
    auto path = pathOf(field);
    if (!path || !isText(text)) return std::nullopt;
    return Guard{path->first, path->second, {std::string(text.constant.text())}};
}

std::optional<Guard> membership(const Node& node) {
    auto path = pathOf(*node.args[0]);
    const auto& list = *node.args[1];
    if (!path || list.op != Op::List) return std::nullopt;
    Guard guard{path->first, path->second, {}};
    for (const auto& item : list.args) {
        if (!isText(*item)) return std::nullopt;
        guard.anyOf.emplace_back(item->constant.text());
    }
    return guard;
}

/// A path that has to be there, whatever it is: without it the evaluation fails.
std::optional<Guard> presence(const Node& node) {
    auto path = pathOf(node);
    if (!path || path->second.empty()) return std::nullopt;
    return Guard{path->first, path->second, {}};
}

std::vector<Clause> clausesOf(const Node& node);

/// Of each alternative one clause has to hold, so one of all their guards.
std::vector<Clause> alternatives(const Node& node) {
    Clause any;
    for (const auto& arg : node.args) {
        auto clauses = clausesOf(*arg);
        if (clauses.empty()) return {};
        for (auto& guard : clauses.front()) {
            auto samePath = [&](const Guard& other) {
                return other.variable == guard.variable && other.path == guard.path && !other.anyOf.empty();
            };
            auto known = std::ranges::find_if(any, samePath);
            if (known != any.end() && !guard.anyOf.empty())
                known->anyOf.insert(known->anyOf.end(), guard.anyOf.begin(), guard.anyOf.end());
            else
                any.push_back(std::move(guard));
        }
    }
    return {std::move(any)};
}

std::vector<Clause> clausesOfBinary(const Node& node) {
    std::optional<Guard> guard;
    if (node.binary == BinaryOp::Equal) guard = equality(node);
    if (node.binary == BinaryOp::In) guard = membership(node);
    std::vector<Clause> clauses;
    if (guard && !guard->path.empty()) {
        clauses.push_back({std::move(*guard)});
        return clauses;
    }
    for (const auto& arg : node.args)
        if (auto there = presence(*arg)) clauses.push_back({std::move(*there)});
    return clauses;
}

std::vector<Clause> clausesOf(const Node& node) {
    std::vector<Clause> clauses;
    switch (node.op) {
        case Op::And:
            for (const auto& arg : node.args)
                for (auto& clause : clausesOf(*arg)) clauses.push_back(std::move(clause));
            return clauses;
        case Op::Or:
            return alternatives(node);
        case Op::Binary:
            return clausesOfBinary(node);
        case Op::Has:
            if (auto container = pathOf(*node.args[0])) {
                container->second.push_back(node.name);
                clauses.push_back({Guard{container->first, container->second, {}}});
            }
            return clauses;
        case Op::Select:
            if (auto there = presence(node)) clauses.push_back({std::move(*there)});
            return clauses;
        default:
            return clauses;
    }
}

}  // namespace

bool readsSlot(const Node& root, std::size_t slot) {
    if (root.op == Op::Variable && root.slot == slot) return true;
    return std::any_of(root.args.begin(), root.args.end(),
                       [slot](const NodePtr& arg) { return readsSlot(*arg, slot); });
}

FieldTree fieldsRead(const Node& root, std::size_t slot) {
    FieldTree tree;
    FieldReader(tree, slot).consume(root);
    return tree;
}

std::vector<Clause> clauses(const Node& root) {
    return clausesOf(root);
}

}  // namespace klaw::rules::cel
