#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "rules/metric/series_selector.hpp"
#include "rules/metric/trend.hpp"

namespace klaw::rules {

/// The readings of one series as far back as a rule's window reaches, thinned: those of one 128th of the window are
/// one, which stands for all of them as the function has it: their mean, their greatest, their least or the newest.
class SeriesWindow {
public:
    using Function = SeriesSelector::Function;

    struct Reading {
        TimePoint at;  ///< of the newest
        double value = 0;
        double counter = 0;  ///< of one: as it read, while `value` is what it has come to
        std::uint32_t count = 1;
        friend bool operator==(const Reading&, const Reading&) = default;
    };

    SeriesWindow() = default;
    SeriesWindow(Function function, Duration window) : function_(function), window_(window) {}

    /// Of a counter, which falls when it is reset and counts from zero then, what it has come to is kept. True when a
    /// thinned reading is complete: recorded() tells it.
    bool add(double value, TimePoint at);
    const Reading& recorded() const { return readings_[readings_.size() - 2]; }
    /// Oldest first, from before a restart; before any other.
    void restore(std::deque<Reading> readings) { readings_ = std::move(readings); }
    /// Readings of one window have different numbers, as far as they are not in the same 128th.
    std::int64_t numberOf(TimePoint at) const;

    /// The function over the window that ends now. Nothing until the readings cover most of it: a mean of the first
    /// seconds is not the mean that was asked for. As in Prometheus, but without extrapolation to the edges of the
    /// window. The time to zero is infinite where the readings do not fall.
    std::optional<double> over(TimePoint now) const;
    /// When the window is covered, if readings go on to come; in the past when it is. Nothing without readings.
    std::optional<TimePoint> coveredFrom() const;

    /// Oldest first.
    std::vector<rules::Reading> readings() const;
    Duration window() const { return window_; }
    Function function() const { return function_; }
    std::size_t size() const { return readings_.size(); }

    static constexpr int thinned = 128;  ///< readings of a window, and two beside

private:
    bool isCounter() const { return function_ == Function::Rate || function_ == Function::Increase; }
    double risen(double counter) const;
    void merge(const Reading& reading);
    double mean() const;
    double timeToZero() const;

    Function function_ = Function::Latest;
    Duration window_{};
    std::deque<Reading> readings_;
};

}  // namespace klaw::rules
