#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "rules/alert.hpp"
#include "rules/ring.hpp"

namespace klaw::notifiers {

enum class CardStatus {
    Firing,
    Acknowledged,
    Acting,
    Acted,
    Failed,
    Silenced,
    Resolved,
    Continued,
    Digest,
    Test,
    Reply
};
std::string_view toString(CardStatus status);  ///< "firing", "acknowledged", …
std::optional<CardStatus> cardStatusFromString(std::string_view text);

/// A short name → value line.
struct CardFact {
    std::string name;
    std::string value;
    friend bool operator==(const CardFact&, const CardFact&) = default;
};

/// One of the things that are wrong: a Pod of the Deployment, an incident of the digest.
struct CardAffected {
    std::string name;
    std::string detail;
    std::optional<TimePoint> since;
    friend bool operator==(const CardAffected&, const CardAffected&) = default;
};

/// A heading with lines below it. Lines are plain text as the cluster gave it: the renderer masks secrets in it,
/// escapes it for its platform and shortens it, so nobody prepares it before.
struct CardSection {
    enum class Kind {
        Text,  ///< a list of sentences: event timeline, last change
        Code,  ///< fixed width, line breaks and blanks kept: logs, diffs
        Rows,  ///< of a table: what each row is about and, on a second line, the rest of it, by turns
    };
    std::string heading;
    Kind kind = Kind::Text;
    std::vector<std::string> lines;
    bool keepEnd = false;  ///< when it must be shortened the last lines stay (logs), else the first
    friend bool operator==(const CardSection&, const CardSection&) = default;
};

/// The course of a value. Platforms that cannot draw it show the blocks with the labels.
struct CardChart {
    std::string title;                       ///< "Usage"
    std::vector<double> values;              ///< oldest first, evenly spread, in `unit`
    double bound = 0;                        ///< the threshold, in `unit`
    std::string unit;                        ///< "%", "Gi", or empty
    std::string blocks;                      ///< the same in block characters
    std::string least, greatest, threshold;  ///< as people write them
    TimePoint from{};
    TimePoint to{};
    friend bool operator==(const CardChart&, const CardChart&) = default;
};

/// Who did something to the incident, and when.
struct CardMark {
    std::string by;
    TimePoint at{};
    std::string comment;
    std::optional<TimePoint> until;  ///< of a silence
    friend bool operator==(const CardMark&, const CardMark&) = default;
};

struct CardLink {
    std::string label;
    std::string url;
    friend bool operator==(const CardLink&, const CardLink&) = default;
};

/// Asked of a person with a press.
struct CardInput {
    std::string name;
    std::string label;
    std::vector<std::string> options;  ///< to choose from, the first one unless chosen; none: free text
    friend bool operator==(const CardInput&, const CardInput&) = default;
};

/// Something a person can do. Which of the last three is used depends on the platform: interactive cards send the
/// nonce, link-only cards open the url, everything else prints the command.
struct CardButton {
    enum class Style { Default, Primary, Danger };
    std::string label;
    std::string verb;  ///< "ack", "restart": stable, for metrics and for choosing what to leave out
    Style style = Style::Default;
    std::string url;
    std::string command;            ///< in the chat grammar, without the name of the program: `ack 3f9a21c07be4d815`
    std::string nonce;              ///< opaque, one-time; never shown
    std::string confirm;            ///< question to ask before it is sent; empty: none
    std::vector<CardInput> inputs;  ///< come with the press where the platform has forms
    friend bool operator==(const CardButton&, const CardButton&) = default;
};

struct CardFooter {
    std::string rule;
    std::string incident;
    bool startedBefore = false;  ///< already so before Klaw was watching
    std::vector<std::string> notes;
    friend bool operator==(const CardFooter&, const CardFooter&) = default;
};

/// Somebody who is called when the card is sent.
struct CardMention {
    std::string id;  ///< as its platform has it; "all" for everybody
    std::string name;
    friend bool operator==(const CardMention&, const CardMention&) = default;
};

/// The message that a reply answers, as its platform named it.
struct CardReply {
    std::string chat;
    std::string message;
    std::string webhook;  ///< where the platform takes the answer for a while; a secret
    TimePoint webhookUntil{};
    std::string person;   ///< of a direct chat; empty in groups
    bool living = false;  ///< it is changed later or has buttons that change it: it goes where it can be
    friend bool operator==(const CardReply&, const CardReply&) = default;
};

/// What one incident, digest, reply or test looks like on any platform. Every text is in `language` already; the fixed
/// words around it ("since", "affected") are added by the renderers in the same language. Times are absolute;
/// `timeZone` says how they are shown. All text may be hostile: renderers escape it.
struct Card {
    std::string id;  ///< one per card for its whole life; updates carry the same
    CardStatus status = CardStatus::Firing;
    rules::Severity severity = rules::Severity::Warning;
    std::string title;
    std::string subtitle;  ///< cluster, namespace, owner
    std::vector<CardFact> facts;
    std::vector<CardAffected> affected;
    std::size_t more = 0;  ///< affected things beyond those listed
    std::optional<CardChart> chart;
    std::vector<CardSection> sections;
    std::string assignee;
    std::optional<CardMark> acknowledged;
    std::optional<CardMark> silenced;
    CardFooter footer;
    std::vector<CardLink> links;
    std::vector<CardButton> buttons;
    std::string restUrl;          ///< where the whole text is, named where a card had to be shortened; may be empty
    std::string restCommand;      ///< the same as a command; may be empty
    std::string language = "en";  ///< "en" or "zh"
    int utcOffsetMinutes = 0;     ///< of the times shown
    TimePoint openedAt{};
    std::optional<TimePoint> resolvedAt;
    TimePoint updatedAt{};
    std::uint64_t revision = 0;  ///< grows with every update of the same id
    std::optional<CardReply> reply;

    std::vector<CardMention> mentions;
    rules::Ring ring = rules::Ring::None;  ///< it is no card to be shown: those it mentions are rung
    friend bool operator==(const Card&, const Card&) = default;
};

/// Compact JSON, fields always in the same order, empty ones left out; malformed UTF-8 becomes U+FFFD.
std::string toJson(const Card& card);
/// The same, indented, for people and golden files.
std::string toPrettyJson(const Card& card);
/// Unknown fields are ignored (a newer version wrote them); a missing id or a wrong type is InvalidArgument.
Result<Card> cardFromJson(std::string_view json);

}  // namespace klaw::notifiers
