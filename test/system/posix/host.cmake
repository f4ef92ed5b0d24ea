# The suite as a Linux program: an assertion that fails there is wrong itself.
include(${CMAKE_CURRENT_LIST_DIR}/sources.cmake)
find_package(Threads REQUIRED)
add_executable(t-posix ${POSIX_SOURCES})
target_compile_definitions(t-posix PRIVATE HOST)
target_compile_options(t-posix PRIVATE -std=gnu11 -O1 -g ${QUIRE_WARNINGS} ${POSIX_OPTIONS})
target_link_libraries(t-posix PRIVATE Threads::Threads m)
add_test(NAME host.posix COMMAND t-posix all)
set_tests_properties(host.posix PROPERTIES TIMEOUT 1200)
