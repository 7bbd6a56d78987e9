#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "notifiers/card.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers {

/// A sentence of ours at the foot of a card: "shortened, all of it: …". Trusted text; url and command may be empty.
struct Notice {
    std::string text;
    std::string url;
    std::string command;
    friend bool operator==(const Notice&, const Notice&) = default;
};

struct OutlineAffected {
    std::string name;
    std::string detail;  ///< with "since …"
};

struct OutlineAction {
    std::string label;
    CardButton::Style style = CardButton::Style::Default;
    std::string url;      ///< opens this; or empty
    std::string command;  ///< `klaw do "…"`, ready for a shell; or empty
    std::string verb;     ///< of a button
    std::string nonce;    ///< of a button that calls back where the platform can; or empty
    std::string confirm;  ///< question before that; or empty
    std::vector<CardInput> inputs;
};

/// The course of a value for platforms that do not draw.
struct OutlineChart {
    std::string title;   ///< "Trend"
    std::string blocks;  ///< "▁▂▃▅▇"
    std::string labels;  ///< "10:00:00 – 10:16:00 UTC · least 61.0% · greatest 97.5% · threshold 90.0%"
};

/// A card as every platform shows it, in order and in words, with nothing left to decide but the markup. Not yet
/// escaped for a platform.
struct Outline {
    std::string symbol;    ///< coloured dot
    std::string severity;  ///< "critical"
    std::string status;    ///< "Firing"
    std::string title;
    std::string subtitle;
    std::vector<CardFact> facts;  ///< when, the card's own, who acknowledged and silenced
    std::string affectedHeading;  ///< "Affected (48)"
    std::vector<OutlineAffected> affected;
    std::string more;  ///< "… and 45 more" or empty
    std::optional<OutlineChart> chart;
    std::vector<CardSection> sections;
    std::vector<OutlineAction> actions;  ///< the buttons that can do something, then the links
    std::string footer;                  ///< one line
    std::vector<Notice> notices;
};

Outline outlineOf(const SafeCard& card, std::vector<Notice> notices);

/// `klaw do "…"` with what a shell would interpret inside double quotes escaped.
std::string shellCommand(std::string_view command);

/// "[critical] title": for chat lists and notifications.
std::string summaryOf(const Card& card);

}  // namespace klaw::notifiers
