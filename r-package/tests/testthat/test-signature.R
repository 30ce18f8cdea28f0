test_that("columns have the protocol's types", {
  frame <- data.frame(
    d = 1.5, i = 1L, l = TRUE, s = "a", f = factor("low", c("low", "high")),
    o = factor("b", c("a", "b"), ordered = TRUE), day = as.Date("2024-01-02"), at = .POSIXct(0, tz = "UTC")
  )
  signature <- mlflow_infer_signature(frame, 1:2)
  expect_identical(
    vapply(signature$inputs, `[[`, "", "type"),
    c("double", "integer", "boolean", "string", "string", "string", "datetime", "datetime")
  )
  expect_identical(signature$levels, list(f = c("low", "high"), o = c("a", "b")))
  expect_identical(signature$types, list(f = "factor", o = "ordered", day = "Date", at = "POSIXct"))
  expect_identical(signature$outputs, list(list(type = "integer", required = TRUE)))
})

test_that("times keep their zone, by default that of the session", {
  withr::local_timezone("Asia/Tokyo")
  at <- as.POSIXct("2024-01-01 12:00", tz = "EST5EDT")
  zones <- mlflow_infer_signature(data.frame(there = at, here = .POSIXct(0), day = as.Date(at)))$zones
  expect_identical(zones, list(there = "EST5EDT", here = "Asia/Tokyo"))
})

test_that("a level for what is missing is none that is sent", {
  signature <- mlflow_infer_signature(data.frame(f = addNA(factor(c("a", NA)))))
  expect_identical(signature$levels, list(f = "a"))
})

test_that("columns with missing values are not required", {
  signature <- mlflow_infer_signature(data.frame(a = c(1, NA), b = 1:2))
  expect_identical(lapply(signature$inputs, `[[`, "required"), list(FALSE, TRUE))
})

test_that("outputs are described by their shape", {
  output <- function(x) mlflow_infer_signature(iris, x)$outputs
  expect_identical(output(c(a = 1.5)), list(list(type = "double", required = TRUE)))
  expect_identical(output(factor("a"))[[1]]$type, "string")
  expect_identical(output(array(1:3, 3, list(c("a", "b", "c"))))[[1]]$type, "integer")
  expect_identical(output(matrix(1:2, 2, dimnames = list(NULL, "s1")))[[1]]$type, "integer")
  named <- matrix(0.5, 2, 2, dimnames = list(NULL, c("yes", "no")))
  expect_identical(vapply(output(named), `[[`, "", "name"), c("yes", "no"))
  expect_identical(output(matrix(0.5, 2, 2))[[1]]$type, "tensor")
  expect_identical(output(data.frame(p = 1, q = "a"))[[2]]$name, "q")
  expect_null(output(list(1, "a")))
})

test_that("params have types, defaults and shapes", {
  signature <- mlflow_infer_signature(iris, params = list(level = 0.95, names = c("a", "b")))
  fields <- signature_fields(signature)
  expect_identical(
    fields$params,
    paste0(
      '[{"name":"level","type":"double","default":0.95,"shape":null},',
      '{"name":"names","type":"string","default":["a","b"],"shape":[-1]}]'
    )
  )
  expect_null(fields$outputs)
})

test_that("what has no type is refused by name", {
  expect_error(mlflow_infer_signature(data.frame(a = I(list(1)))), "`a`",
    class = "crateflow_error_invalid_input"
  )
  expect_error(mlflow_infer_signature(data.frame(gap = as.difftime(1, units = "mins"))), "difftime")
  expect_error(mlflow_infer_signature(1:3), "must be a data frame")
})

test_that("a signature prints its columns", {
  expect_snapshot(cran = TRUE, mlflow_infer_signature(iris[3:5], c(1.5, 2), list(level = 0.95)))
})

test_that("a part that a signature has not is left out", {
  signature <- mlflow_infer_signature(iris, 1)
  signature["params"] <- NULL
  expect_named(signature_fields(signature), c("inputs", "outputs"))
})

test_that("the further arguments of a crate are its params", {
  params <- crate_params(crate(
    function(x, level = 1 - alpha, type = c("response", "link"), n = 5L, y, rows = nrow(x), s = NULL, ...) x,
    alpha = 0.05
  ))
  expect_identical(vapply(params, `[[`, "", "name"), c("level", "type", "n"))
  expect_identical(lapply(params, `[[`, "default"), list(0.95, "response", 5L))
  expect_identical(vapply(params, `[[`, "", "type"), c("double", "string", "integer"))
  expect_null(crate_params(crate(function(x) x)))
  expect_null(crate_params(crate(~.x)))
})
