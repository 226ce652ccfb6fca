# Toolchain file: PyPI's ziglang, a Clang with the C libraries of many systems, compiles for one of them.
#
#   cmake --preset release -DCMAKE_TOOLCHAIN_FILE=cmake/zig.cmake -DZIG_TARGET=aarch64-linux-gnu.2.28
#
# ZIG_PYTHON is the Python that has it (python3).
set(ZIG_PYTHON "python3" CACHE STRING "The Python that has the package ziglang")
set(ZIG_TARGET "" CACHE STRING "What to compile for, as Zig names it")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ZIG_PYTHON ZIG_TARGET)

string(REGEX MATCH "^[^-]+" CMAKE_SYSTEM_PROCESSOR "${ZIG_TARGET}")
if(ZIG_TARGET MATCHES "-macos")
  set(CMAKE_SYSTEM_NAME Darwin)
  set(CMAKE_INSTALL_NAME_TOOL true) # names are right as they are linked
elseif(ZIG_TARGET MATCHES "-windows")
  set(CMAKE_SYSTEM_NAME Windows)
elseif(ZIG_TARGET MATCHES "-linux")
  set(CMAKE_SYSTEM_NAME Linux)
else()
  message(FATAL_ERROR "ZIG_TARGET is '${ZIG_TARGET}', which names none of linux, macos and windows")
endif()
set(CMAKE_C_COMPILER ${ZIG_PYTHON} -m ziglang cc -target ${ZIG_TARGET})
set(CMAKE_CXX_COMPILER ${ZIG_PYTHON} -m ziglang c++ -target ${ZIG_TARGET})
