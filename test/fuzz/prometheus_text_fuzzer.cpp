// Metric pages of any bytes: samples with names, or an error with the line.
#include <cstdlib>

#include "agent/scrape/prometheus_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view page(reinterpret_cast<const char*>(data), size);
    auto wanted = [](std::string_view name) { return name.size() % 7 != 0; };
    auto sample = [](std::string_view name, const klaw::rules::Labels&, double) {
        if (name.empty()) std::abort();
    };
    auto read = klaw::scrape::readPrometheusText(page, wanted, sample);
    if (!read && read.error().place.empty()) std::abort();  // people could not find the mistake
    return 0;
}
