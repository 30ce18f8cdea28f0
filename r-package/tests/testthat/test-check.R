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
