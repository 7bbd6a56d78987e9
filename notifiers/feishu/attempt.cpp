#include "notifiers/feishu/attempt.hpp"

#include <algorithm>

namespace klaw::notifiers::feishu {
namespace {

bool hasDrawing(const Card& card) {
    return card.chart && card.chart->values.size() > 1;
}

bool hasForms(const Card& card) {
    return std::ranges::any_of(card.buttons, [](const CardButton& button) { return !button.inputs.empty(); });
}

}  // namespace

bool Attempt::improve(const Answer& refusal, const Card& card) {
    if (++tries >= mostTries) return false;
    switch (refusal.kind) {
        case Answer::Kind::BadMention:
            return dropMention(refusal.error.message, card);
        case Answer::Kind::TooLong:
            maxBytes = maxBytes * 2 / 3;
            return true;
        case Answer::Kind::BadCard:
            return simplify(card);
        case Answer::Kind::Taken:
        case Answer::Kind::BadToken:
        case Answer::Kind::Gone:
        case Answer::Kind::Refused:
            return false;
    }
    return false;
}

/// Only what the card has can be left out.
bool Attempt::simplify(const Card& card) {
    if (asText) return false;
    if (detail < CardDetail::NoCharts && hasDrawing(card)) {
        detail = CardDetail::NoCharts;
        done.emplace_back("sent without a drawing");
    } else if (detail < CardDetail::NoForms && hasForms(card)) {
        detail = CardDetail::NoForms;
        done.emplace_back("sent without forms");
    } else if (detail < CardDetail::NoSections && !card.sections.empty() && !card.reply) {
        detail = CardDetail::NoSections;
        done.emplace_back("sent without details");
    } else if (!mayBecomeText && detail < CardDetail::Plain) {
        detail = CardDetail::Plain;
        done.emplace_back("sent as a plain card");
    } else if (mayBecomeText) {
        detail = CardDetail::All;
        asText = true;
        done.emplace_back("sent as text");
    } else {
        return false;
    }
    return true;
}

}  // namespace klaw::notifiers::feishu
