# ctest's entry for the firmware. QUIRE_TARGET_DIR is where the target configuration is
# built: ./quire keeps the host's build folder inside it.
if(NOT DEFINED QUIRE_TARGET_DIR)
  get_filename_component(QUIRE_TARGET_DIR ${CMAKE_BINARY_DIR} DIRECTORY)
endif()
add_test(NAME system.firmware
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run.py
    --firmware ${QUIRE_TARGET_DIR}/firmware.bin
    --payload ${QUIRE_TARGET_DIR}/firmware-payload.elf)
set_tests_properties(system.firmware PROPERTIES TIMEOUT 3600 LABELS system)
