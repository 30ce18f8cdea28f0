saved <- function(model = iris_crate(), ..., env = parent.frame()) {
  path <- file.path(withr::local_tempdir(.local_envir = env), "model")
  mlflow_save_model(model, path, ...)
  path
}

test_that("a saved crate has the files that others read", {
  path <- saved(input_example = iris[1:3, "Sepal.Length", drop = FALSE], metadata = list(team = "botany"))
  expect_setequal(
    list.files(path),
    c("MLmodel", "crate.bin", "r_env.yaml", "renv.lock", "input_example.json", "serving_input_example.json")
  )
  loaded <- unserialize(readRDS(file.path(path, "crate.bin")))
  expect_s3_class(loaded, "crate")

  spec <- yaml::read_yaml(file.path(path, "MLmodel"))
  expect_identical(names(spec), sort(names(spec)))
  expect_identical(spec$flavors$crate$model, "crate.bin")
  expect_identical(spec$flavors$crate$version, "0.1.0")
  expect_identical(spec$flavors$crate$packages, list(stats = as.character(packageVersion("stats"))))
  expect_identical(spec$flavors$crate$r_version, as.character(getRversion()))
  expect_identical(spec$flavors$crate$predict_class, "numeric")
  expect_true(spec$flavors$crate$batchable)
  expect_identical(spec$flavors$python_function$loader_module, "rbridge")
  expect_identical(spec$metadata, list(team = "botany"))
  expect_match(spec$utc_time_created, "^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d[.]\\d{6}$")
  expect_match(spec$model_uuid, "^[0-9a-f]{32}$")
  expect_identical(
    spec$model_size_bytes,
    as.integer(sum(file.size(file.path(path, c(
      "crate.bin", "input_example.json", "serving_input_example.json"
    )))))
  )
  expect_identical(
    jsonlite::fromJSON(spec$signature$inputs),
    data.frame(type = "double", name = "Sepal.Length", required = TRUE)
  )
  expect_identical(
    readChar(file.path(path, "input_example.json"), 1000),
    '{"columns": ["Sepal.Length"], "data": [[5.1], [4.9], [4.7]]}'
  )
  environment <- yaml::read_yaml(file.path(path, "r_env.yaml"))
  expect_identical(environment$packages[[1]]$source, "base")
})

test_that("texts like numbers or dates are quoted, so that no reader takes them for such", {
  lines <- strsplit(to_yaml(list(a = "1.0", b = "1e5", c = "2024-01-02 03:04:05", d = "yes", e = "name",
                                 big = 123456789012, x = 0.1, t = TRUE)), "\n")[[1]]
  expect_identical(lines, c(
    'a: "1.0"', 'b: "1e5"', 'c: "2024-01-02 03:04:05"', "d: 'yes'", "e: name", "big: 123456789012",
    "x: 0.1", "t: true"
  ))
})

test_that("levels and classes of columns are kept", {
  cars <- transform(mtcars, cyl = factor(cyl), gear = factor(gear, ordered = TRUE))
  fit <- lm(mpg ~ cyl + gear, cars)
  path <- saved(
    crate(function(x) stats::predict(model, x), model = fit),
    input_example = cars[1:4, c("cyl", "gear")]
  )
  fields <- yaml::read_yaml(file.path(path, "MLmodel"))$flavors$crate
  expect_identical(fields$input_levels, list(cyl = c("4", "6", "8"), gear = c("3", "4", "5")))
  expect_identical(fields$input_types, list(cyl = "factor", gear = "ordered"))
})

test_that("a single level stays a sequence", {
  example <- data.frame(f = factor("only"))
  path <- saved(crate(function(x) as.character(x$f)), input_example = example)
  expect_match(paste(readLines(file.path(path, "MLmodel")), collapse = "\n"), "f:\n *- only")
})

test_that("rows that influence each other are not to be batched", {
  path <- saved(crate(function(x) x$a - mean(x$a)), input_example = data.frame(a = 1:3))
  expect_false(yaml::read_yaml(file.path(path, "MLmodel"))$flavors$crate$batchable)
})

test_that("rows are compared whatever the shape of a prediction", {
  row_wise <- function(predict, rows = 3) {
    data <- data.frame(a = seq_len(rows) / 2)
    is_row_wise(predict(data), lapply(seq_len(rows), function(row) predict(data[row, , drop = FALSE])), rows)
  }
  expect_true(row_wise(function(x) stats::setNames(x$a, seq_along(x$a))))
  expect_true(row_wise(function(x) factor(ifelse(x$a > 1, "high", "low"))))
  expect_true(row_wise(function(x) cbind(low = x$a, high = 2 * x$a)))
  expect_true(row_wise(function(x) data.frame(p = x$a, q = "text")))
  expect_true(row_wise(function(x) list(class = x$a, posterior = cbind(x$a, x$a))))
  expect_false(row_wise(function(x) rev(x$a)))
  expect_false(row_wise(function(x) sum(x$a)))
  expect_false(row_wise(function(x) list(sum(x$a), x$a)))
  expect_null(row_wise(function(x) x$a, rows = 1))
})

test_that("the dry run names the cause of a failure", {
  example <- data.frame(a = 1:2)
  fails <- function(crate, pattern) {
    expect_error(saved(crate, input_example = example), pattern, class = "crateflow_error_dry_run")
  }
  fails(crate(function(x) stop("no {x} today")), "no \\{x\\} today")
  fails(crate(function(x) quit(status = 3)), "status 3.*does the crate quit")
  fails(crate(function(x) stats::predict(stats::lm(b ~ a, x))), "object 'b' not found.*all columns")
  fails(crate(function(x) stats::runif(nrow(x))), "random numbers")
  withr::local_options(crateflow.dry_run_timeout_s = 2)
  fails(crate(function(x) repeat NULL), "did not answer within 2 seconds")
})

test_that("the dry run does not see this session", {
  example <- data.frame(a = 1:2)
  withr::local_options(crateflow.test.factor = 2)
  reads_option <- crate(function(x) x$a * getOption("crateflow.test.factor", 1))
  expect_error(saved(reads_option, input_example = example), "differently in a fresh R process",
    class = "crateflow_error_dry_run"
  )
  expect_silent(saved(reads_option, input_example = example, dry_run = FALSE))
})

test_that("a crate without example is saved without signature", {
  path <- saved()
  spec <- yaml::read_yaml(file.path(path, "MLmodel"))
  expect_null(spec$signature)
  expect_setequal(list.files(path), c("MLmodel", "crate.bin", "r_env.yaml", "renv.lock"))
})

test_that("an unfit crate leaves nothing behind", {
  folder <- withr::local_tempdir()
  expect_error(
    mlflow_save_model(crate(function(x) predict(x)), file.path(folder, "model")),
    "write `stats::predict()`",
    fixed = TRUE, class = "crateflow_error_unfit_crate"
  )
  expect_length(list.files(folder, all.files = TRUE, no.. = TRUE), 0)
})

test_that("a model is replaced, other things are not", {
  path <- saved()
  mlflow_save_model(crate(function(x) 1), path)
  expect_identical(mlflow_load_model(path)(0), 1)
  expect_identical(list.files(dirname(path)), "model")
  other <- withr::local_tempdir()
  writeLines("precious", file.path(other, "file"))
  expect_error(mlflow_save_model(iris_crate(), other), class = "crateflow_error_already_exists")
  expect_identical(readLines(file.path(other, "file")), "precious")
})

test_that("arguments are checked", {
  path <- tempfile()
  expect_error(mlflow_save_model(iris_crate(), path, input_example = 1), "must be a data frame with rows")
  expect_error(mlflow_save_model(iris_crate(), path, signature = list()), "mlflow_infer_signature")
  expect_error(mlflow_save_model(iris_crate(), path, dry_run = TRUE), "needs an `input_example`")
  expect_error(mlflow_save_model(1, path), "no applicable method", class = "crateflow_error_flavor_unknown")
})

test_that("ids are new each time, and the random numbers stay the user's", {
  withr::local_seed(1)
  before <- .Random.seed
  ids <- vapply(1:50, function(i) new_uuid(), "")
  expect_identical(anyDuplicated(ids), 0L)
  expect_match(ids, "^[0-9a-f]{32}$")
  expect_identical(.Random.seed, before)
})
