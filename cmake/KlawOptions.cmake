option(KLAW_BUILD_TESTS "Build unit tests and benchmarks" ON)
option(KLAW_BUILD_FUZZERS "Build libFuzzer targets (clang only)" OFF)
set(KLAW_SANITIZE "" CACHE STRING "Value for -fsanitize=, for example address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_compile_options(-Wno-unqualified-std-cast-call)
else()
    add_compile_options(-Wno-mismatched-new-delete)  # GCC 12 sees one in every awaitable frame of Asio; there is none
endif()
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)

if(KLAW_SANITIZE)
    add_compile_options(-fsanitize=${KLAW_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${KLAW_SANITIZE})
    # Frame and handler recycling would hide use-after-free from the sanitizer.
    add_compile_definitions(BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING BOOST_ASIO_DISABLE_SMALL_BLOCK_RECYCLING)
endif()

if(KLAW_BUILD_FUZZERS)
    add_compile_options(-fsanitize=fuzzer-no-link)  # libFuzzer sees what the libraries do
endif()

find_program(KLAW_CCACHE ccache)
if(KLAW_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Relative to the source tree, so that a second clone finds what the first one compiled.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${KLAW_CCACHE})
endif()
find_program(KLAW_MOLD mold)
if(KLAW_MOLD)
    add_link_options(-fuse-ld=mold)
endif()

# Translation units that see Beast and TLS templates take up to 2 GB each under sanitizers.
set_property(GLOBAL PROPERTY JOB_POOLS heavy=1)
