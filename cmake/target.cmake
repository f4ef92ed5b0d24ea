# What runs in the machine: firmware.bin, kernel.elf, initrd.cpio, and the programs under rootfs/.
option(QUIRE_DEBUG "Lock-order checks, junk fill, debug assertions" OFF)

execute_process(COMMAND ${CMAKE_C_COMPILER} -print-multi-lib
  OUTPUT_VARIABLE multilibs ERROR_QUIET)
if(NOT multilibs MATCHES "rv32imac/ilp32")
  message(FATAL_ERROR "${CMAKE_C_COMPILER} has no rv32imac/ilp32 libraries: install gcc-riscv64-unknown-elf")
endif()
execute_process(COMMAND ${CMAKE_C_COMPILER} --specs=picolibc.specs -E -x c /dev/null
  RESULT_VARIABLE no_picolibc OUTPUT_QUIET ERROR_QUIET)
if(no_picolibc)
  message(FATAL_ERROR "picolibc not found: install picolibc-riscv64-unknown-elf")
endif()
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# Written so that the compiler finds its rv32imac libraries: it compares the architecture's name, and
# takes the default (64-bit) ones for a name that it has no folder for.
set(QUIRE_MACHINE -march=rv32imac -mabi=ilp32)

# --- kernel ---
add_executable(kernel)
set_target_properties(kernel PROPERTIES OUTPUT_NAME kernel.elf)
target_include_directories(kernel PRIVATE base/include arch/include arch/riscv/include mm/include
  kernel/include ${CMAKE_SOURCE_DIR})
target_compile_options(kernel PRIVATE -march=rv32imac_zicsr_zifencei -mabi=ilp32 -mcmodel=medany -O2 -g -ffreestanding
  -fno-common -fno-stack-protector -ffunction-sections
  $<$<COMPILE_LANGUAGE:C>:${QUIRE_WARNINGS}>)
target_link_options(kernel PRIVATE ${QUIRE_MACHINE} -nostdlib -static -Wl,--gc-sections
  -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments)
target_link_libraries(kernel PRIVATE gcc)
if(QUIRE_DEBUG)
  target_compile_definitions(kernel PRIVATE QUIRE_DEBUG=1)
endif()
add_subdirectory(base)
add_subdirectory(arch/riscv)
add_subdirectory(arch/riscv/firmware)
add_subdirectory(mm)
add_subdirectory(kernel)
arch_finish_kernel(kernel)

# --- programs ---
add_subdirectory(user/lib)
set(QUIRE_ROOTFS ${CMAKE_BINARY_DIR}/rootfs)
set_property(GLOBAL PROPERTY QUIRE_PROGRAMS "")

# quire_add_program(NAME sources...): a Quire executable, at rootfs/bin/NAME and in the initrd.
# quire_add_server(NAME sources...): the same at the initrd's top, where init finds servers.
function(quire_program_target name folder)
  add_executable(${name} ${ARGN})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${QUIRE_ROOTFS}/${folder}
    LINK_DEPENDS ${CMAKE_SOURCE_DIR}/user/lib/program.ld)
  target_compile_options(${name} PRIVATE ${QUIRE_WARNINGS})
  target_link_libraries(${name} PRIVATE quire_c)
  set_property(GLOBAL APPEND PROPERTY QUIRE_PROGRAMS ${name})
endfunction()
function(quire_add_program name)
  set(target ${name})
  if(TARGET ${name} OR name STREQUAL "test" OR name STREQUAL "install" OR name STREQUAL "clean" OR name STREQUAL "help" OR name STREQUAL "all")
    set(target prog_${name})
  endif()
  quire_program_target(${target} bin ${ARGN})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name})
endfunction()
function(quire_add_server name)
  quire_program_target(${name} server ${ARGN})
endfunction()

foreach(folder drivers/virtio user/servers/init user/servers/console user/servers/ext2
    user/servers/memfs user/bin user/inspect user/demos test/system test/bench)
  if(EXISTS ${CMAKE_SOURCE_DIR}/${folder}/CMakeLists.txt)
    add_subdirectory(${folder})
  endif()
endforeach()

# --- the archive that the kernel boots with: servers at the top, programs under bin/ ---
get_property(programs GLOBAL PROPERTY QUIRE_PROGRAMS)
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/initrd.cpio
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/cmake/make_initrd.py
    --output ${CMAKE_BINARY_DIR}/initrd.cpio --strip riscv64-unknown-elf-strip
    --server-dir ${QUIRE_ROOTFS}/server --bin-dir ${QUIRE_ROOTFS}/bin
  DEPENDS ${programs} ${CMAKE_SOURCE_DIR}/cmake/make_initrd.py VERBATIM)
add_custom_target(initrd ALL DEPENDS ${CMAKE_BINARY_DIR}/initrd.cpio)
