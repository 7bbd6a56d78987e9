#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "rules/metric/series_selector.hpp"

namespace klaw::rules {

/// The last readings of one series, as far back as a rule's window reaches.
class SeriesWindow {
public:
    void add(double value, TimePoint at, Duration window);
    /// The function over the window that ends now. Nothing until the readings cover most of it: a mean of the first
    /// seconds is not the mean that was asked for. Counters that fall have been reset: they count from zero again
    /// (as in Prometheus, but without extrapolation to the edges of the window). The time to zero is infinite where the
    /// readings do not fall.
    std::optional<double> over(SeriesSelector::Function function, Duration window, TimePoint now) const;

    /// Oldest first.
    std::vector<double> values() const;

    static constexpr std::size_t maxReadings = 4096;

private:
    struct Reading {
        TimePoint at;
        double value;
    };
    double increase() const;
    double timeToZero() const;
    std::deque<Reading> readings_;
};

}  // namespace klaw::rules
