# A model folder with the given MLmodel file and the given crate.bin.
folder_of <- function(mlmodel = official, crate = NULL, env = parent.frame()) {
  folder <- withr::local_tempdir(.local_envir = env)
  writeLines(mlmodel, file.path(folder, "MLmodel"))
  if (!is.null(crate)) writeBin(crate, file.path(folder, "crate.bin"))
  folder
}

# What MLflow's own R client writes.
official <- c("flavors:", "  crate:", "    version: 0.1.0", "    model: crate.bin")

bytes_of <- function(x) {
  file <- withr::local_tempfile()
  saveRDS(x, file)
  readBin(file, "raw", file.size(file))
}

test_that("a crate of MLflow's own R client is loaded", {
  path <- folder_of(crate = bytes_of(serialize(iris_crate(), NULL)))
  fit <- stats::lm(Sepal.Width ~ Sepal.Length, iris)
  expect_identical(mlflow_predict(mlflow_load_model(path), iris), stats::predict(fit, iris))
  expect_s3_class(mlflow_load_model(paste0("file://", path)), "crate")
})

test_that("a fitted model predicts as it does when it is logged", {
  fit <- stats::glm(am ~ wt, stats::binomial(), mtcars)
  expect_identical(mlflow_predict(fit, mtcars), stats::predict(fit, mtcars, type = "response"))
  expect_identical(mlflow_predict(fit, mtcars, type = "link"), stats::predict(fit, mtcars))
  expect_error(mlflow_predict(iris, iris), "no applicable method", class = "crateflow_error_flavor_unknown")
  expect_error(mlflow_predict(fit, mtcars, type = "class"), "`type` must be one of")
})

test_that("a name that is no place is told how models are addressed", {
  expect_error(mlflow_load_model("irises"), "models:/<name>", class = "crateflow_error_not_found")
})

test_that("damaged crates are named as such", {
  damaged <- function(crate, pattern) {
    path <- folder_of(crate = crate)
    expect_error(mlflow_load_model(path), pattern, class = "crateflow_error_invalid_model")
  }
  whole <- bytes_of(serialize(iris_crate(), NULL))
  damaged(whole[1:500], "cannot be read as a crate")
  damaged(charToRaw("not an RDS"), "cannot be read as a crate")
  damaged(bytes_of(iris), "RDS of an object of class data.frame")
  damaged(bytes_of(as.raw(1:100)), "cannot be read as a crate")
  damaged(bytes_of(serialize(1:3, NULL)), "holds an object of class integer and length 3, not a function")
  damaged(NULL, "does not exist")
})

test_that("a crate that was changed since it was saved is refused", {
  path <- file.path(withr::local_tempdir(), "model")
  mlflow_save_model(iris_crate(), path)
  writeBin(bytes_of(serialize(crate(function(x) 1), NULL)), file.path(path, "crate.bin"))
  expect_error(mlflow_load_model(path), "SHA-256", class = "crateflow_error_invalid_model")
})

test_that("a folder that is no model says what is wrong with it", {
  broken <- function(mlmodel, pattern) {
    expect_error(mlflow_load_model(folder_of(mlmodel)), pattern, class = "crateflow_error_invalid_model")
  }
  broken("a: [1, 2", "not YAML")
  broken("", "names no flavors")
  broken("just text", "names no flavors")
  broken("flavors: {}", "names no flavors")
  broken(c("crateflow_format: 99", official), "format 99.*Update the package")
  expect_error(mlflow_load_model(withr::local_tempdir()), "no file MLmodel",
    class = "crateflow_error_invalid_model"
  )
  outside <- sub("crate.bin", "../crate.bin", official)
  expect_error(mlflow_load_model(folder_of(outside)), "Invalid path", class = "crateflow_error_invalid_input")
})

test_that("a model that R cannot load names its flavors", {
  other <- c("flavors:", "  mleap:", "    data: m", "  sklearn:", "    pickled_model: m")
  cnd <- tryCatch(mlflow_load_model(folder_of(other)), error = identity)
  expect_s3_class(cnd, "crateflow_error_flavor_unknown")
  expect_identical(cnd$flavors, c("mleap", "sklearn"))
  expect_match(conditionMessage(cnd), "mleap.*sklearn.*R loads \"crate\" and \"python_function\"")
  expect_error(mlflow_load_model(folder_of(other), flavor = "crate"), "no flavor 'crate'")
})

test_that("a crate's own flavor goes before the one that needs a server", {
  path <- file.path(withr::local_tempdir(), "model")
  mlflow_save_model(iris_crate(), path)
  spec <- read_spec(path)
  expect_silent(name <- choose_flavor(spec, NULL))
  expect_identical(name, "crate")
  expect_identical(choose_flavor(spec, "python_function"), "python_function")
})

test_that("a flavor is loaded by its method", {
  path <- file.path(withr::local_tempdir(), "model")
  mlflow_save_model(iris_crate(), path)
  flavor <- new_flavor("crate", read_spec(path)$flavors$crate)
  expect_equal(mlflow_load_flavor(flavor, path)(iris), iris_crate()(iris))
})

test_that("packages are looked for before the crate is read", {
  packages <- c("    packages:", "      absentone: '1.0'", "      absenttwo: '2.0'")
  path <- folder_of(c(official, packages), raw(1))
  expect_error(
    mlflow_load_model(path),
    'not installed: absentone, absenttwo.*install.packages\\(c\\("absentone", "absenttwo"\\)\\)',
    class = "crateflow_error_missing_package"
  )
  expect_warning(load_packages(list(jsonlite = "0.0.1")), "jsonlite 0.0.1, here",
    class = "crateflow_warning_package_versions"
  )
  expect_silent(load_packages(list(stats = "4.0.0")))
})

test_that("packages can add flavors", {
  registerS3method("mlflow_load_flavor", "mlflow_flavor_own", function(flavor, model_path) {
    list(flavor$fields$note, list.files(model_path))
  }, envir = asNamespace("crateflow"))
  path <- folder_of(c("flavors:", "  own:", "    note: hello"))
  expect_identical(mlflow_load_model(path), list("hello", "MLmodel"))
  both <- folder_of(c("flavors:", "  own:", "    note: hello", official[-1]))
  expect_warning(mlflow_load_model(both), "several flavors", class = "crateflow_warning_several_flavors")
  expect_silent(mlflow_load_model(both, flavor = "own"))
})

test_that("extra arguments reach the crate", {
  adds <- crate(function(x, by = 1) x$a + by)
  expect_identical(mlflow_predict(adds, data.frame(a = 1), by = 2), 3)
})
