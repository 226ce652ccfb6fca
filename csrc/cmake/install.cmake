# What `cmake --install` puts where: headers, library, and what find_package(bscnet) and pkg-config read.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS bscnet EXPORT bscnet INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES include/bscnet.h include/bscnet_training.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/bscnet)
install(EXPORT bscnet NAMESPACE bscnet:: FILE bscnetConfig.cmake DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/bscnetConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/bscnetConfigVersion.cmake DESTINATION ${package})

# The prefix is found from where the file lies, so that what is installed may be moved.
file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/bscnet.pc.in bscnet.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/bscnet.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
