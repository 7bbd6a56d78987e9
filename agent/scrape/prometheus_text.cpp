#include "agent/scrape/prometheus_text.hpp"

#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "base/text/utf8.hpp"

namespace klaw::scrape {
namespace {

constexpr std::size_t maxLabels = 128;

bool isNameChar(unsigned char c) {
    return std::isalnum(c) || c == '_' || c == ':' || c == '.';
}

/// One line. Its functions answer false for what does not fit.
class Line {
public:
    explicit Line(std::string_view text) : rest_(text) {}

    /// The name before the braces, or nothing where it stands within them.
    std::string_view name() {
        std::size_t length = 0;
        while (length < rest_.size() && isNameChar(static_cast<unsigned char>(rest_[length]))) ++length;
        return take(length);
    }

    bool labels(std::string& name, rules::Labels& into) {
        if (!accept('{')) return true;
        for (std::size_t count = 0; count <= maxLabels; ++count) {
            blanks();
            if (accept('}')) return true;
            if (!label(name, into)) return false;
            blanks();
            if (accept(',')) continue;
            return accept('}');
        }
        return false;
    }

    std::optional<double> value() {
        blanks();
        auto text = word();
        if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
        if (text == "+Inf" || text == "Inf") return std::numeric_limits<double>::infinity();
        if (text == "-Inf") return -std::numeric_limits<double>::infinity();
        if (text.starts_with('+')) text.remove_prefix(1);
        double number = 0;
        auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (text.empty() || failure == std::errc::invalid_argument || end != text.data() + text.size())
            return std::nullopt;
        return number;
    }

    /// A timestamp, and in OpenMetrics an exemplar.
    bool tail() {
        blanks();
        auto text = word();
        if (!text.empty() && text != "#" && text.find_first_not_of("+-.eE0123456789") != std::string_view::npos)
            return false;
        blanks();
        return rest_.empty() || text == "#" || rest_.front() == '#';
    }

private:
    std::string_view take(std::size_t length) {
        auto taken = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return taken;
    }
    void blanks() {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
    }
    bool accept(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    std::string_view word() { return take(std::min(rest_.find_first_of(" \t"), rest_.size())); }

    /// `name="value"`, or since Prometheus 3 a quoted name of the series or of a label.
    bool label(std::string& seriesName, rules::Labels& into) {
        std::string key;
        bool quoted = !rest_.empty() && rest_.front() == '"';
        if (quoted) {
            if (!text(key)) return false;
        } else {
            key = name();
        }
        blanks();
        if (quoted && (rest_.empty() || rest_.front() != '=')) {
            if (!seriesName.empty()) return false;
            seriesName = std::move(key);
            return true;
        }
        if (key.empty() || !accept('=')) return false;
        blanks();
        std::string value;
        if (!text(value)) return false;
        into.insert_or_assign(std::move(key), std::move(value));
        return true;
    }

    bool text(std::string& into) {
        if (!accept('"')) return false;
        while (!rest_.empty()) {
            char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == '"') {
                into = validUtf8(into);
                return true;
            }
            if (c == '\\') {
                if (rest_.empty()) return false;
                c = rest_.front() == 'n' ? '\n' : rest_.front();
                rest_.remove_prefix(1);
            }
            into += c;
        }
        return false;
    }

    std::string_view rest_;
};

}  // namespace

Result<void> readPrometheusText(std::string_view page, const std::function<bool(std::string_view)>& wanted,
                                const std::function<void(std::string_view, rules::Labels, double)>& sample) {
    std::size_t number = 0;
    while (!page.empty()) {
        ++number;
        auto end = std::min(page.find('\n'), page.size());
        auto text = page.substr(0, end);
        page.remove_prefix(std::min(end + 1, page.size()));
        if (text.ends_with('\r')) text.remove_suffix(1);
        if (text.find_first_not_of(" \t") == std::string_view::npos || text.front() == '#') continue;
        auto refusal = [&](std::string message) {
            return fail(ErrorCode::InvalidArgument, std::move(message), "line " + std::to_string(number),
                        "the target must serve the Prometheus text format");
        };
        Line line(text);
        std::string name(line.name());
        if (name.empty() && text.front() != '{') return refusal("no name of a metric");
        rules::Labels labels;
        if (!line.labels(name, labels)) return refusal("the labels cannot be read");
        auto value = line.value();
        if (!value) return refusal("the value is no number");
        if (!line.tail()) return refusal("something follows the value");
        if (name.empty()) return refusal("no name of a metric");
        if (wanted(name)) sample(name, std::move(labels), *value);
    }
    return {};
}

}  // namespace klaw::scrape
