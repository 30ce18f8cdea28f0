test_that("an argument that does not fit has a class of its own, and that of servers", {
  cnd <- tryCatch(check_string(1), error = identity)
  expect_s3_class(cnd, c(
    "crateflow_error_invalid_argument", "crateflow_error_invalid_input", "crateflow_error", "rlang_error",
    "error", "condition"
  ), exact = TRUE)
})

test_that("ids may be numbers, without an exponent", {
  expect_identical(check_id(379125727118406), "379125727118406")
  expect_identical(check_id(100000), "100000")
  expect_identical(check_id("007"), "007")
  expect_error(check_id(1.5), class = "crateflow_error_invalid_input")
  expect_error(check_id(""), class = "crateflow_error_invalid_input")
})

test_that("tags come in any of the usual forms", {
  wanted <- list(list(key = "a", value = "1"), list(key = "b", value = "x"))
  expect_identical(check_tags(list(a = 1, b = "x")), wanted)
  expect_identical(check_tags(c(a = "1", b = "x")), wanted)
  expect_identical(check_tags(wanted), wanted)
  expect_null(check_tags(list()))
  expect_error(check_tags(c("a", "b")), "must give one value per key", class = "crateflow_error")
  expect_error(check_tags(list(a = 1:2)), class = "crateflow_error_invalid_input")
  expect_error(check_tags(list(a = 1, b = "x", b = NULL)), "`b` is NULL", fixed = TRUE)
})

test_that("values are stored as plain texts", {
  expect_identical(as_text(1e5), "100000")
  expect_identical(as_text(0.1), "0.1")
  expect_identical(as_text(1 / 3), "0.33333333333333331")
  expect_identical(as_text(TRUE), "TRUE")
  expect_identical(as_text(NA), "NA")
  expect_identical(as_text(factor("low")), "low")
})

test_that("a message is not broken into lines", {
  cnd <- tryCatch(abort(strrep("word ", 100), "invalid_input"), error = identity)
  expect_false(grepl("\n", conditionMessage(cnd)))
})

test_that("an argument is named as the caller wrote it, whatever was made of it on the way", {
  metric <- function(value) check_metric(value)
  time <- function(start_time) as_ms(start_time)
  texts <- function(stages) check_texts(stages)
  expect_error(metric(NA), "`value` must be one number, not NA", fixed = TRUE)
  expect_error(time(as.POSIXct(NA)), "`start_time` must be one number", fixed = TRUE)
  expect_error(texts(list(1, 2)), "`stages` must hold texts only", fixed = TRUE)
  expect_error(metric(factor("high")), "not \"high\"", fixed = TRUE)
})

test_that("one of the values that an argument may have is chosen, by its beginning too", {
  end <- function(status = c("FINISHED", "FAILED", "KILLED")) check_choice(status)
  expect_identical(end(), "FINISHED")
  expect_identical(end("KILLED"), "KILLED")
  expect_identical(end("FIN"), "FINISHED")
  for (wrong in list("DONE", "F", 1, c("FAILED", "KILLED"), NULL, NA_character_)) {
    expect_error(end(wrong), "`status` must be one of", class = "crateflow_error_invalid_argument")
  }
})

test_that("an argument that does not exist is named", {
  train <- function(x, ...) check_no_more(...)
  expect_silent(train(1))
  expect_error(train(1, dat = 2, 3), "no such argument: `dat` and one without a name", fixed = TRUE)
  expect_error(train(1, dat = 2), "See `?train`", fixed = TRUE, class = "crateflow_error_invalid_argument")
})

test_that("a formula is a value: its code", {
  expect_identical(check_value(Species ~ Petal.Width), "Species ~ Petal.Width")
  expect_identical(check_tags(list(formula = y ~ x))[[1]]$value, "y ~ x")
  expect_error(check_value(quote(a + b)), class = "crateflow_error_invalid_argument")
})

test_that("integers of 64 bits count as what they are, or not at all", {
  bits_of_9007199254740993 <- as.raw(c(0, 0x20, 0, 0, 0, 0, 0, 1))
  big <- structure(readBin(bits_of_9007199254740993, "double", endian = "big"), class = "integer64")
  if (requireNamespace("bit64", quietly = TRUE)) {
    expect_identical(as_text(big), "9007199254740993")
    expect_identical(check_number(bit64::as.integer64(5e9)), 5e9)
  } else {
    expect_error(as_text(big), "bit64", class = "crateflow_error_missing_package")
    expect_error(check_number(big), "bit64", class = "crateflow_error_missing_package")
  }
})
