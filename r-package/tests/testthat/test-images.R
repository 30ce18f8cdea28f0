# An engine for images that notes what it is asked to build, and does as the script says.
local_engine <- function(lines, env = parent.frame()) {
  folder <- withr::local_tempdir(.local_envir = env)
  writeLines(c("#!/bin/sh", paste0("echo \"$@\" >> ", folder, "/asked"), lines), file.path(folder, "docker"))
  Sys.chmod(file.path(folder, "docker"), "755")
  withr::local_path(folder, .local_envir = env)
  folder
}

test_that("the folder that an image is built from is written, with the model in it", {
  local_session()
  local_command()
  folder <- withr::local_tempdir()
  path <- file.path(folder, "model")
  mlflow_save_model(iris_crate(), path)
  image <- expect_invisible(suppressMessages(mlflow_generate_dockerfile(path, file.path(folder, "image"),
    base_image = "debian:stable", system_packages = c("libglpk40", "libxml2"), install_java = TRUE
  )))
  expect_identical(image, normalizePath(file.path(folder, "image")))
  written <- paste(readLines(file.path(image, "Dockerfile")), collapse = "\n")
  for (part in c("FROM debian:stable", "libglpk40", "libxml2", "jre")) {
    expect_match(written, part, fixed = TRUE)
  }
  expect_true("crate.bin" %in% basename(list.files(image, recursive = TRUE)))
})

test_that("an image is built by the engine", {
  local_session()
  local_command()
  engine <- local_engine("exit 0")
  expect_message(name <- mlflow_build_docker(name = "irises")) |> suppressMessages()
  expect_identical(name, "irises")
  expect_true(any(grepl("^build .*irises", readLines(file.path(engine, "asked")))))
})

test_that("what keeps an image from being built is told", {
  local_session()
  local_command()
  local_engine(c("echo 'the daemon is away' >&2", "exit 1"))
  expect_error(mlflow_build_docker(name = "irises"),
    "crateflow models build-docker` failed with status 1.*the daemon is away",
    class = "crateflow_error_command_failed"
  ) |> suppressMessages()
  invalid <- "crateflow_error_invalid_argument"
  expect_error(mlflow_build_docker(model_uri = 1), "`model_uri` must be one", class = invalid)
  expect_error(mlflow_build_docker(system_packages = 1), "`system_packages` must hold", class = invalid)
  expect_error(mlflow_generate_dockerfile(install_java = "yes"), "`install_java` must be", class = invalid)
  expect_error(mlflow_generate_dockerfile(output_dir = NULL), "`output_dir` must be one", class = invalid)
})
