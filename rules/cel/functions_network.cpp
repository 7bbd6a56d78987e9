#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "rules/cel/functions.hpp"

// Kubernetes' IP addresses and CIDR blocks: text only, nothing is asked of a network.

namespace klaw::rules::cel {
namespace {

class Address : public Extension {
public:
    std::array<unsigned char, 16> bytes{};
    bool isV4 = true;

    std::string_view typeName() const override { return "net.IP"; }
    bool equals(const Extension& other) const override {
        const auto& address = static_cast<const Address&>(other);
        return isV4 == address.isV4 && bytes == address.bytes;
    }
    std::string toText() const override {
        std::array<char, INET6_ADDRSTRLEN> text{};
        inet_ntop(isV4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
        return text.data();
    }
    int bitCount() const { return isV4 ? 32 : 128; }
    std::size_t size() const { return isV4 ? 4 : 16; }
    bool isAll(std::size_t from, std::size_t to, unsigned char value) const {
        return std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                           bytes.begin() + static_cast<std::ptrdiff_t>(to),
                           [value](unsigned char byte) { return byte == value; });
    }
    bool isUnspecified() const { return isAll(0, size(), 0); }
    bool isLoopback() const { return isV4 ? bytes[0] == 127 : isAll(0, 15, 0) && bytes[15] == 1; }
    bool isMulticast() const { return isV4 ? (bytes[0] & 0xF0) == 0xE0 : bytes[0] == 0xFF; }
    bool isLinkLocalMulticast() const {
        return isV4 ? bytes[0] == 224 && bytes[1] == 0 && bytes[2] == 0 : bytes[0] == 0xFF && (bytes[1] & 0x0F) == 2;
    }
    bool isLinkLocalUnicast() const {
        return isV4 ? bytes[0] == 169 && bytes[1] == 254 : bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0x80;
    }
    bool isGlobalUnicast() const {
        bool broadcast = isV4 && isAll(0, 4, 0xFF);
        return !broadcast && !isUnspecified() && !isLoopback() && !isMulticast() && !isLinkLocalUnicast();
    }
};

/// Addresses with a zone and IPv4 inside IPv6 are refused, as Kubernetes does.
std::optional<Address> parseAddress(std::string_view text) {
    Address address;
    std::string copy(text);
    if (copy.size() > INET6_ADDRSTRLEN || copy.find('\0') != std::string::npos) return std::nullopt;
    address.isV4 = text.find(':') == std::string_view::npos;
    if (inet_pton(address.isV4 ? AF_INET : AF_INET6, copy.c_str(), address.bytes.data()) != 1) return std::nullopt;
    if (!address.isV4 && address.isAll(0, 10, 0) && address.isAll(10, 12, 0xFF)) return std::nullopt;
    return address;
}

class Block : public Extension {
public:
    Address address;
    int prefix = 0;

    std::string_view typeName() const override { return "net.CIDR"; }
    bool equals(const Extension& other) const override {
        const auto& block = static_cast<const Block&>(other);
        return prefix == block.prefix && address.equals(block.address);
    }
    std::string toText() const override { return address.toText() + "/" + std::to_string(prefix); }
    bool contains(const Address& other) const {
        return address.isV4 == other.isV4 && masked(address).equals(masked(other));
    }
    Address masked(Address other) const {
        for (int bit = prefix; bit < other.bitCount(); ++bit)
            other.bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<unsigned char>(~(0x80U >> (bit % 8)));
        return other;
    }
};

std::optional<Block> parseBlock(std::string_view text) {
    auto slash = text.rfind('/');
    if (slash == std::string_view::npos) return std::nullopt;
    auto address = parseAddress(text.substr(0, slash));
    auto digits = text.substr(slash + 1);
    Block block;
    auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), block.prefix);
    bool isPlain = !digits.empty() && digits[0] >= '0' && digits[0] <= '9' && (digits.size() == 1 || digits[0] != '0');
    if (!address || failure != std::errc() || end != digits.data() + digits.size() || !isPlain ||
        block.prefix > address->bitCount())
        return std::nullopt;
    block.address = *address;
    return block;
}

template <class T>
const T* as(const Value& value) {
    return value.kind() == Kind::Extension ? dynamic_cast<const T*>(&value.extension()) : nullptr;
}

/// An address or block, also from its text.
template <class T>
Evaluated<T> take(const Value& value, std::optional<T> (*parse)(std::string_view)) {
    if (const auto* given = as<T>(value)) return *given;
    if (value.kind() != Kind::String) return noSuchOverload();
    auto parsed = parse(value.text());
    if (!parsed) return evalError("'" + std::string(value.text()) + "': parse error during conversion from string");
    return *parsed;
}

Evaluated<Value> ip(Arguments arguments, Meter&) {
    if (arguments[0].kind() != Kind::String) return noSuchOverload();
    return take(arguments[0], parseAddress).map([](const Address& address) {
        return Value::extension(std::make_shared<const Address>(address));
    });
}
Evaluated<Value> cidr(Arguments arguments, Meter&) {
    if (arguments[0].kind() != Kind::String) return noSuchOverload();
    return take(arguments[0], parseBlock).map([](const Block& block) {
        return Value::extension(std::make_shared<const Block>(block));
    });
}
Evaluated<Value> isIp(Arguments arguments, Meter&) {
    if (arguments[0].kind() != Kind::String) return noSuchOverload();
    return Value::boolean(parseAddress(arguments[0].text()).has_value());
}
Evaluated<Value> isCidr(Arguments arguments, Meter&) {
    if (arguments[0].kind() != Kind::String) return noSuchOverload();
    return Value::boolean(parseBlock(arguments[0].text()).has_value());
}
Evaluated<Value> isCanonical(Arguments arguments, Meter&) {
    if (arguments[0].kind() != Kind::String) return noSuchOverload();
    return take(arguments[0], parseAddress).map([&](const Address& address) {
        return Value::boolean(address.toText() == arguments[0].text());
    });
}

Evaluated<Value> family(Arguments arguments, Meter&) {
    const auto* address = as<Address>(arguments[0]);
    if (!address) return noSuchOverload();
    return Value::integer(address->isV4 ? 4 : 6);
}

template <bool (Address::*Test)() const>
Evaluated<Value> tested(Arguments arguments, Meter&) {
    const auto* address = as<Address>(arguments[0]);
    if (!address) return noSuchOverload();
    return Value::boolean((address->*Test)());
}

Evaluated<Value> containsIp(Arguments arguments, Meter&) {
    const auto* block = as<Block>(arguments[0]);
    if (!block) return noSuchOverload();
    return take(arguments[1], parseAddress).map([&](const Address& address) {
        return Value::boolean(block->contains(address));
    });
}
Evaluated<Value> containsCidr(Arguments arguments, Meter&) {
    const auto* block = as<Block>(arguments[0]);
    if (!block) return noSuchOverload();
    return take(arguments[1], parseBlock).map([&](const Block& inner) {
        return Value::boolean(block->prefix <= inner.prefix && block->contains(inner.address));
    });
}
Evaluated<Value> addressOf(Arguments arguments, Meter&) {
    const auto* block = as<Block>(arguments[0]);
    if (!block) return noSuchOverload();
    return Value::extension(std::make_shared<const Address>(block->address));
}
Evaluated<Value> prefixLength(Arguments arguments, Meter&) {
    const auto* block = as<Block>(arguments[0]);
    if (!block) return noSuchOverload();
    return Value::integer(block->prefix);
}
Evaluated<Value> masked(Arguments arguments, Meter&) {
    const auto* block = as<Block>(arguments[0]);
    if (!block) return noSuchOverload();
    auto result = std::make_shared<Block>(*block);
    result->address = block->masked(block->address);
    return Value::extension(std::move(result));
}

}  // namespace

std::span<const Function> networkFunctions() {
    static constexpr std::array<Function, 16> table{{
        {"ip", false, 1, 1, ip},
        {"cidr", false, 1, 1, cidr},
        {"isIP", false, 1, 1, isIp},
        {"isCIDR", false, 1, 1, isCidr},
        {"ip.isCanonical", false, 1, 1, isCanonical},
        {"family", true, 1, 1, family},
        {"isUnspecified", true, 1, 1, tested<&Address::isUnspecified>},
        {"isLoopback", true, 1, 1, tested<&Address::isLoopback>},
        {"isLinkLocalMulticast", true, 1, 1, tested<&Address::isLinkLocalMulticast>},
        {"isLinkLocalUnicast", true, 1, 1, tested<&Address::isLinkLocalUnicast>},
        {"isGlobalUnicast", true, 1, 1, tested<&Address::isGlobalUnicast>},
        {"containsIP", true, 2, 2, containsIp},
        {"containsCIDR", true, 2, 2, containsCidr},
        {"ip", true, 1, 1, addressOf},
        {"prefixLength", true, 1, 1, prefixLength},
        {"masked", true, 1, 1, masked},
    }};
    return table;
}

}  // namespace klaw::rules::cel
