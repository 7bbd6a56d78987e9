#pragma once

#include "notifiers/safe_text.hpp"

namespace klaw::notifiers {

/// How much of a card is shown, where a platform refuses some of it.
enum class CardDetail {
    All,
    NoCharts,    ///< the course of a value is told in block characters
    NoForms,     ///< and what is pressed asks nothing
    NoLogs,      ///< and no text as the cluster wrote it
    NoSections,  ///< and none of what was found out
    Plain,       ///< what is wrong with what, in words, and nothing to press
};

SafeCard withDetail(SafeCard card, CardDetail detail);

}  // namespace klaw::notifiers
