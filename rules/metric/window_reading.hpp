#pragma once

#include <cstdint>
#include <string>

#include "rules/metric/series_window.hpp"

namespace klaw::rules {

/// A thinned reading of a series with a window, as it is kept for the next start. A later one with the same series and
/// place takes its place: of each series there are no more than `windowPlaces`.
struct WindowReading {
    std::string series;  ///< fingerprint of its alert, and how the rule looks at it
    std::uint32_t place = 0;
    SeriesWindow::Reading reading;
    friend bool operator==(const WindowReading&, const WindowReading&) = default;
};
inline constexpr std::uint32_t windowPlaces = SeriesWindow::thinned + 2;

}  // namespace klaw::rules
