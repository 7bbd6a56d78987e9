#include "notifiers/reduce.hpp"

namespace klaw::notifiers {

SafeCard withDetail(SafeCard card, CardDetail detail) {
    if (detail >= CardDetail::NoCharts && card.chart) card.chart->values.clear();
    if (detail >= CardDetail::NoForms)
        for (auto& button : card.buttons) button.inputs.clear();
    if (detail >= CardDetail::NoLogs) {
        auto gone = std::erase_if(card.sections,
                                  [](const CardSection& section) { return section.kind == CardSection::Kind::Code; });
        card.leftOut = card.leftOut || gone > 0;
    }
    if (detail >= CardDetail::NoSections) {
        card.leftOut = card.leftOut || !card.sections.empty();
        card.sections.clear();
    }
    if (detail >= CardDetail::Plain) {
        card.leftOut = true;
        card.chart.reset();
        card.buttons.clear();
        card.links.clear();
        card.facts.clear();
        card.footer.notes.clear();
    }
    return card;
}

}  // namespace klaw::notifiers
